"""A backtest over several processes: each takes whole partitions, so that what comes of it does not depend on how many there are."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate
from math import inf
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Self

from analysis.backtest.history import History, Refused, Share, Told
from analysis.backtest.shard import Found, Shard, Write
from analysis.errors import BacktestError
from analysis.untriggered import Seen, Untriggered
from events.decode import BroadcastDecoder, encode
from events.errors import NudgelineError
from rulebook.model import RuleSet
from streams.reload import Library
from training_rules import EngineOptions, Rules, compile_rules

TELL_EVERY = 0.1  # s between two words of how far a process is
EXAMPLES = 3


@dataclass
class Job:
    """What is to be done, the same for each process. `rule_sets`: the first is what the backtest is about; with `compare` the second is what it is held
    against; any others are variations of the first. With `changes` the first is what was in force from `begin` (s since the epoch) on, as it was changed.
    `lines`: a folder for decisions, one file a partition."""

    rule_sets: Sequence[Rules]
    parts: int = 1
    sample: float = 1.0
    compare: bool = False
    lines: Path | None = None
    changes: Sequence[Any] = ()
    begin: float = -inf

    def __getstate__(self) -> dict[str, Any]:
        """Compiled functions stay where they are: another process compiles its own."""
        plain: list[tuple[RuleSet, EngineOptions]] = [(rules.ruleset, rules.options) for rules in self.rule_sets]
        return {**self.__dict__, "rule_sets": plain, "changes": [encode(event) for event in self.changes]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        decode = BroadcastDecoder("rules").decode
        rule_sets = [compile_rules(ruleset, options) for ruleset, options in state["rule_sets"]]
        self.__dict__.update(state, rule_sets=rule_sets, changes=[decode(raw) for raw in state["changes"]])


@dataclass
class Outcome:
    """What a backtest found, what of the history was no event, and by how many processes, over how many partitions and in how many seconds."""

    found: Found
    untriggered: Mapping[str, str]
    refused: Mapping[str, Refused]
    processes: int
    parts: int
    seconds: float


def run(job: Job, history: History, *, processes: int = 1, told: Told | None = None, lines: BinaryIO | None = None) -> Outcome:
    """Run it. `lines` takes the transitions and decisions of the first rule set, a line of JSON each, in order of stream time.

    Raises what reading the history raises, and BacktestError where a process ended before its time.
    """
    began = time.monotonic()
    count = min(processes, job.parts) if history.divisible else 1
    with TemporaryDirectory(prefix="nudgeline-backtest-") if lines is not None else contextlib.nullcontext() as folder:
        job.lines = None if folder is None else Path(folder)
        history.prepare()
        shares = [list(range(job.parts))[first::count] for first in range(count)]
        team = _Team(job, history, shares) if count > 1 else _Alone(job, history, shares[0])
        with team as members:
            last = members.read(told or (lambda _events, _done: None))
            results = members.finish(last)
        if lines is not None and job.lines is not None:
            _write_in_order(job, lines)
    found, untriggered = _summed(job, [f for result in results for f in result.found])
    return Outcome(found, untriggered, _refused([r.refused for r in results]), count, job.parts, time.monotonic() - began)


@dataclass
class Result:
    """What one process found of its partitions, with their numbers."""

    found: list[tuple[int, Found]]
    refused: Mapping[str, Refused]


class Work:
    """The partitions of one process, from the first event to the last timer."""

    def __init__(self, job: Job, history: History, mine: Sequence[int]) -> None:
        self._history, self._share = history, Share(job.parts, mine, job.sample)
        self._files = [(job.lines / str(part)).open("wb") for part in mine] if job.lines is not None else []
        writes = [_line_writer(file) for file in self._files] or [None] * len(mine)
        library = Library(job.rule_sets[0], job.changes) if job.changes else None
        self._shards = {
            part: Shard(job.rule_sets, part, job.parts, compare=job.compare, write=write, in_force=library, begin=job.begin)
            for part, write in zip(mine, writes, strict=True)
        }

    def read(self, told: Told) -> float:
        """Apply the whole history; the time of its last event (s since the epoch)."""
        sources, shards, count, next_word = self._history.sources, self._shards, 0, time.monotonic() + TELL_EVERY
        for part, entries in self._history.read(self._share):
            shards[part].take(entries, sources)
            count += len(entries)
            if (now := time.monotonic()) >= next_word:
                told(count, self._history.done)
                next_word = now + TELL_EVERY
        told(count, 1.0)
        return max(shard.last for shard in shards.values())

    def finish(self, last: float) -> Result:
        """Fire the timers due by then."""
        found = [(part, shard.finish(last)) for part, shard in self._shards.items()]
        for file in self._files:
            file.close()
        said = [said for shard in self._shards.values() for said in shard.refused]
        return Result(found, {**self._history.refused(), **({"bad_rules": Refused(len(said), tuple(said[:EXAMPLES]))} if said else {})})


def _line_writer(file: BinaryIO) -> Write:
    return lambda at, line: file.write(b"%r\t%b" % (at, line))


class _Alone:
    """All partitions in this process."""

    def __init__(self, job: Job, history: History, mine: Sequence[int]) -> None:
        self._work = Work(job, history, mine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, told: Told) -> float:
        return self._work.read(told)

    def finish(self, last: float) -> list[Result]:
        return [self._work.finish(last)]


class _Team:
    """Some partitions in each of several processes, which are gone in the end whatever happens."""

    def __init__(self, job: Job, history: History, shares: Sequence[Sequence[int]]) -> None:
        context = multiprocessing.get_context("fork" if _forks() else "spawn")
        self._members: list[tuple[Any, Connection]] = []
        for mine in shares:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, job, history, mine), daemon=True)
            process.start()
            theirs.close()
            self._members.append((process, ours))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._members:
            connection.close()
            process.terminate()
        for process, _ in self._members:
            process.join()

    def read(self, told: Told) -> float:
        progress = [(0, 0.0)] * len(self._members)
        last = [-inf] * len(self._members)
        for number, (word, *rest) in self._words():
            if word == "read":
                last[number] = rest[0]
            else:
                progress[number] = (rest[0], rest[1])
                told(sum(count for count, _ in progress), sum(done for _, done in progress) / len(progress))
        return max(last)

    def _words(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """What the members say until each has read its part."""
        waiting = {connection: number for number, (_, connection) in enumerate(self._members)}
        while waiting:
            for ready in wait(list(waiting)):
                assert isinstance(ready, Connection)
                number = waiting[ready]
                word = self._receive(number)
                if word[0] == "read":
                    del waiting[ready]
                yield number, word

    def finish(self, last: float) -> list[Result]:
        for _, connection in self._members:
            connection.send(last)
        return [self._receive(number)[1] for number in range(len(self._members))]

    def _receive(self, number: int) -> tuple[Any, ...]:
        process, connection = self._members[number]
        try:
            word: tuple[Any, ...] = connection.recv()
        except (EOFError, ConnectionResetError):
            process.join(5)
            raise BacktestError(
                f"a process of the backtest ended before its time (exit status {process.exitcode}; -9 is what the system does when memory runs out): "
                "use --processes 1, or --sample 10%"
            ) from None
        if word[0] == "failed":
            raise word[1]
        return word


def _forks() -> bool:
    """Whether a process may be split in two: where the system does so well, and no thread of ours would be left behind."""
    return sys.platform == "linux" and threading.active_count() == 1


def _serve(connection: Connection, job: Job, history: History, mine: Sequence[int]) -> None:
    """A member of the team. The one who called ends all on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    try:
        work = Work(job, history, mine)
        connection.send(("read", work.read(lambda count, done: connection.send(("at", count, done)))))
        connection.send(("done", work.finish(connection.recv())))
    except NudgelineError as error:
        connection.send(("failed", error))
    except (BrokenPipeError, EOFError):
        os._exit(1)  # nobody listens any more


def _summed(job: Job, found: Sequence[tuple[int, Found]]) -> tuple[Found, Mapping[str, str]]:
    """All partitions together, in their order."""
    waiting = Untriggered(job.rule_sets[0].ruleset)
    parts = [f for _, f in sorted(found, key=lambda pair: pair[0])]
    whole = parts[0]
    for other in parts[1:]:
        whole.add(other)
    for seen in [f.seen for f in parts]:
        assert isinstance(seen, Seen)
        waiting.add(seen)
    return whole, waiting.lines()


def _refused(several: Sequence[Mapping[str, Refused]]) -> dict[str, Refused]:
    """What was no event, by reason, the commonest first."""
    whole: dict[str, Refused] = {}
    for found in several:
        for reason, refused in found.items():
            had = whole.get(reason, Refused(0, ()))
            whole[reason] = Refused(had.count + refused.count, (*had.examples, *refused.examples))
    ordered = sorted(whole.items(), key=lambda item: (-item[1].count, item[0]))
    return {reason: Refused(count, tuple(sorted(examples, key=_place)[:EXAMPLES])) for reason, (count, examples) in ordered}


def _place(example: str) -> tuple[str, int, str]:
    """Where an example stands, so that the first few are the same however many processes read: `file:line`, with more behind a space."""
    file, _, rest = example.partition(":")
    line = rest.partition(" ")[0]
    return file, int(line) if line.isdigit() else 0, rest


def _write_in_order(job: Job, lines: BinaryIO) -> None:
    """The lines of all partitions in order of stream time, those of one moment by partition."""
    assert job.lines is not None
    with contextlib.ExitStack() as files:
        opened = [files.enter_context((job.lines / str(part)).open("rb")) for part in range(job.parts)]
        lines.writelines(line for _, _, line in merge(*(_timed(file, part) for part, file in enumerate(opened))))


def _timed(file: BinaryIO, part: int) -> Iterator[tuple[float, int, bytes]]:
    """Lines with their time, which never goes back."""
    pairs = (line.split(b"\t", 1) for line in file)
    for at, line in accumulate(((float(at), line) for at, line in pairs), lambda before, now: (max(before[0], now[0]), now[1])):
        yield at, part, line
