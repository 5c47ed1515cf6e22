"""Where the time of an event goes, from the fetched bytes to the committed state: µs an event of the yardstick, step by step, in one thread and without Kafka.

    python -m benches.path [--events 1000000]

The stream lies in record batches as a broker gives them (lz4, 1,000 records), of four partitions, an answer of each in turn. The least that a worker in Python can
do is to read and to decode. Minima of three runs; what is not here is the network, the loop between the steps, and the other half of the machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from benches import machine, yard
from events import FAMILIES
from events.decode import Decoder
from simulator.sender import positive_hash
from streams.collector import long_lived
from streams.intake import SLICE
from streams.lane.terms import signed
from streams.merge import Merge
from training_rules import Corridor, Rules, load_rules

PARTITIONS, IN_BATCH, LZ4, ZSTD = 4, 1000, 3, 4
ANSWERS = 30  # between two snapshots: 120,000 events, about as in a second
STEPS = {"read": "records out of a fetched batch", "decode": "bytes to typed events", "merge": "families in order of event time", "apply": "windows, segments, rules, timers", "dump": "changed partners to bytes", "pack": "states to compressed batches"}
FAMILY_OF = {kind: name for name, family in FAMILIES.items() for kind in family.types}
NAMES = list(FAMILIES)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--quick", action="store_true", help="200,000, once; nothing is kept")
    asked = arguments.parse_args()
    found = measure(200_000, 1) if asked.quick else measure(asked.events, 3)
    if not asked.quick:
        machine.write("path", found)
    print(json.dumps(found))


def measure(events: int, runs: int) -> dict[str, Any]:
    rules = load_rules(yard.RULES)
    with tempfile.TemporaryDirectory() as folder, long_lived():
        file = Path(folder) / "events"
        yard.stream(file, events, max(events // 400, 20), 1)
        fetched = list(answers(file))
    took = [once(rules, fetched) for _ in range(runs)]
    least = {step: min(run[step] for run in took) for step in STEPS}
    return {"events": events, "us": {step: round(seconds * 1e6 / events, 3) for step, seconds in least.items()}, "all_us": round(sum(least.values()) * 1e6 / events, 3)}


Answer = tuple[int, int, bytes]
"""Partition, number of the family, and a batch of records."""


def answers(file: Path) -> Iterator[list[Answer]]:
    """What comes of one fetch after the other: a batch of each family that has something, for each partition."""
    waiting: dict[tuple[int, int], list[tuple[bytes, bytes]]] = defaultdict(list)
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        key, value = line.split(b"\t", 1)
        kind = json.loads(value)["type"]
        waiting[positive_hash(key) % PARTITIONS, NAMES.index(FAMILY_OF[kind])].append((key, value))
        if not number % (IN_BATCH * PARTITIONS):
            yield [(*place, _batch(records)) for place, records in waiting.items()]
            waiting.clear()
    yield [(*place, _batch(records)) for place, records in waiting.items()]


def _batch(records: Sequence[tuple[bytes, bytes]], compression: int = LZ4) -> bytes:
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=compression, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=10**8)
    for offset, (key, value) in enumerate(records):
        builder.append(offset, timestamp=0, key=key, value=value, headers=[])
    return bytes(builder.build())


def once(rules: Rules, fetched: list[list[Answer]]) -> dict[str, float]:
    """Seconds of each step over the whole stream."""
    took: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    homes = [(Merge(len(NAMES), wait=60.0), Corridor(rules), [0] * len(NAMES)) for _ in range(PARTITIONS)]
    decode = [Decoder(name).decode_all for name in NAMES]
    gc.collect()
    for number, answer in enumerate(fetched, 1):
        for place, family, raw in answer:
            merge, _, offsets = homes[place]
            with _timed(took, "read"):
                records = list(DefaultRecordBatch(raw))
            for at in range(0, len(records), SLICE):
                part = records[at : at + SLICE]
                with _timed(took, "decode"):
                    events = decode[family]([r.value for r in part], [r.key for r in part])
                with _timed(took, "merge"):
                    first = offsets[family]
                    offsets[family] = first + len(events)
                    merge.put(family, events, range(first, offsets[family]), offsets[family], 0.0)
        for merge, corridor, offsets in homes:
            for family, end in enumerate(offsets):
                merge.begin(family, end)
                merge.heard(family, end, 0.0)
            while merge.holds:
                with _timed(took, "merge"):
                    entries = merge.take(0.0)
                with _timed(took, "apply"):
                    corridor.feed_all(entries, NAMES)
            if not number % ANSWERS:
                _snapshot(corridor, took)
    return took


def _snapshot(corridor: Corridor, took: dict[str, float]) -> None:
    with _timed(took, "dump"):
        records = [(who.encode(), signed(1, raw)) for who, raw in corridor.checkpoint().take(10**9)]
    with _timed(took, "pack"):
        _batch(records, ZSTD)


@contextmanager
def _timed(took: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took[step] += time.perf_counter() - began


if __name__ == "__main__":
    main()
