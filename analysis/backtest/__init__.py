"""Runs a rule set over history through the core, in stream time: what it would have decided, had it been there.

It says what would have been sent and held, and why. It can't say whether that would have helped: nobody in the history saw a nudge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from analysis.backtest.history import History, Share, entries
from analysis.backtest.processes import Job, Outcome, run
from analysis.backtest.result import HONEST
from analysis.backtest.shard import Found, Shard
from analysis.backtest.tally import Tally
from analysis.untriggered import Untriggered
from training_rules import Rules

__all__ = ["HONEST", "Found", "History", "Job", "Outcome", "Share", "Tally", "backtest", "run"]


SLICE = 500


def backtest(rules: Rules, events: Iterable[Any], write: Callable[[bytes], Any] | None = None) -> tuple[Tally, dict[str, str]]:
    """Feed `events` (structs, in the order in which they came) to one corridor, and write each transition and decision as one line of JSON.

    Gives the tally and, for each rule that never triggered, what its events had instead. Timers due by the last event have fired at the end.
    """
    shard = Shard([rules], write=None if write is None else lambda _, line: write(line))
    rest, count = iter(events), 0
    while some := list(islice(rest, SLICE)):
        shard.take(entries(some, count), ("events",))
        count += len(some)
    found, waiting = shard.finish(shard.last), Untriggered(rules.ruleset)
    assert found.seen is not None
    waiting.add(found.seen)
    return found.tallies[0], waiting.lines()
