"""The checker of a soak, a process of its own: makes the stream a second time, takes it through the core, and holds what the workers say against it.

    python -m tests.faults.soak.checker FOLDER       (job.json in it; topics and rules by the environment)

When the workers are done, a file `drained` appears; then `verdict.json` is written.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from streams.collector import COLLECT
from streams.settings import Settings, load
from tests.faults.outcome import Outcome, Verdict, compare
from tests.faults.soak.left import Outputs, sent, states
from tests.faults.soak.lines import Lines
from tests.faults.soak.stream import Job, Stream
from tests.faults.soak.swaps import swaps
from tests.faults.soak.truth import Truth, difference, told_missing
from training_rules import EngineOptions, Rules, load_rules

CHUNK = 2000  # events between two looks at the outputs
NAP = 0.2  # s
NICE = 19  # workers and Kafka go first: who checks may be late, and comes to the same end


class Checker:
    def __init__(self, job: Job, folder: Path, settings: Settings, rules: Rules, consumer: AIOKafkaConsumer) -> None:
        self._job, self._folder, self._settings = job, folder, settings
        stream = Stream(job, settings.partitions)
        self._events, self._truth = stream.events(), Truth(stream, settings, rules, swaps(job))
        self._outputs = Outputs(consumer, settings)
        self._lines = Lines(folder / "checker")

    async def run(self) -> None:
        """To the end of the stream, and of what the workers said about it."""
        await self._outputs.begin()
        reading = asyncio.create_task(self._read())
        try:
            while not (self._truth.taken == self._job.events and (self._folder / "drained").exists()):
                if reading.done():
                    break
                await self._follow()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if not reading.cancelled():
            reading.result()  # raises what ended it
        await self._outputs.read_to_the_end()
        (self._folder / "verdict.json").write_text(json.dumps(await self._verdict()))

    async def _read(self) -> None:
        while True:
            await self._outputs.read()
            await asyncio.sleep(0)

    async def _follow(self) -> None:
        """The stream, at its pace."""
        due = self._job.due(time.monotonic()) - self._truth.taken
        self._truth.take(itertools.islice(self._events, min(due, CHUNK)))
        self._lines.each_second(taken=self._truth.taken, wanted=len(self._truth.said), found=len(self._outputs.said), nudges=self._truth.counts[self._settings.topic("nudges")])
        await asyncio.sleep(0 if due > CHUNK else NAP)

    async def _verdict(self) -> dict[str, Any]:
        """Counted as after every fault; in words the first of each."""
        lay = await sent(self._settings)
        if lay != self._truth.ends:
            raise SystemExit(f"the topics do not hold the stream: next offsets are {lay}, and not {self._truth.ends}")
        verdict = compare(Outcome(self._truth.states()), Outcome(await states(self._settings, self._truth.rules)))
        self._add_outputs(verdict)
        counts = {"wanted": dict(self._truth.counts), "found": dict(self._outputs.counts), "partners": self._job.partners, "versions": len(self._truth.versions)}
        return {"lost": verdict.lost, "doubled": verdict.doubled, "repeated": verdict.repeated, "notes": verdict.notes[:100], **counts}

    def _add_outputs(self, verdict: Verdict) -> None:
        found = difference(self._truth.said, self._outputs.said)
        verdict.lost += len(found.missing)
        verdict.doubled += len(found.unknown)
        verdict.repeated = found.repeated
        verdict.notes += [told_missing(hint) for hint in found.missing[:20]] + [self._outputs.told_unknown(hint) for hint in found.unknown[:20]]


async def check(folder: Path) -> None:
    settings = load()
    rules = load_rules(settings.rules, options=EngineOptions(allowed_lateness=settings.allowed_lateness, season=settings.season))
    async with AIOKafkaConsumer(**settings.kafka_client(), enable_auto_commit=False) as consumer:
        await Checker(Job.read(folder), folder, settings, rules, consumer).run()


if __name__ == "__main__":
    os.nice(NICE)
    gc.set_threshold(*COLLECT)
    asyncio.run(check(Path(sys.argv[1])))
