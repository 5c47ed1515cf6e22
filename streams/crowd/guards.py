"""Which rules pause themselves, from what all partitions counted. Pure.

Each partition tells what it has of the last hours or days, so the last word of each is all that is needed, and nothing adds up twice. One that has been silent for
minutes is left out, with its partners: they are spread by chance, and the others stand for them; where fewer than half speak nothing is concluded. Under rules that are new
all are waited for, for as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from experiments.intervals import wilson_lower
from rulebook.units import spell
from streams.crowd.records import Watched

#: What a partition told is believed for so long (s of stream time).
STALE = 600.0
#: Shares of opt-outs are above what is allowed by so many standard errors, since they are looked at again and again. A rule whose share is the limit itself is paused
#: within a month in some 7 to 10 of a hundred cases, one that is a fifth below it in one of a thousand.
SURE = 3.0


class Trip(NamedTuple):
    """A rule that went over a limit: the share `seen` (of opt-outs: at the least), `allowed` in `per` seconds; `partners` of `of`. `at`: when (s) the oldest
    of the counts was taken; `version`: of the rule set that runs."""

    rule: str
    guard: str
    seen: float
    allowed: float
    partners: int
    of: int
    per: float
    at: float
    version: str

    def text(self) -> str:
        """Why, in one sentence."""
        if self.guard == "max_share":
            what, who = "reached", "active partners"
        else:
            what, who = "was opted out of by", "those who were sent it"
        sure = "" if self.guard == "max_share" else f", surely more than {self.seen:.1%}"
        return f"{self.rule} {what} {self.partners:,} of {self.of:,} {who} in {spell(self.per)} ({self.partners / self.of:.1%}{sure}); allowed: {self.allowed:.1%}"

    def facts(self) -> dict[str, Any]:
        """The same as data, as the change carries it."""
        return {"rule": self.rule, "guard": self.guard, "seen": round(self.seen, 4), "allowed": self.allowed, "partners": self.partners, "of": self.of, "per_s": self.per, "at": self.at}


class Guards:
    """What each partition told last. It is judged when all have told a moment, or, where some don't, when the next moment begins."""

    def __init__(self) -> None:
        self._told: dict[int, Watched] = {}
        self._newest: Watched | None = None
        self._since = 0.0  # the first moment that was told under the rules that run
        self._found, self._judged = list[Trip](), True
        self._done: dict[str, float] = {}

    def put(self, part: Watched, now: float) -> None:
        """Take what a partition told; what is older than its last word, or lies far behind now (s since the epoch), changes nothing."""
        known = self._told.get(part.partition)
        if part.at <= now - STALE or (known is not None and part.at <= known.at):
            return
        newest = self._newest
        if newest is None or part.at > newest.at:
            self._judge()
            self._since = self._since if newest is not None and _rules(newest) == _rules(part) else part.at
            newest, self._judged = part, False
        self._told[part.partition], self._newest = part, newest
        if sum(_rules(p) == _rules(newest) and p.at == newest.at for p in self._told.values()) == newest.parts:
            self._judge()

    def _judge(self) -> None:
        if not self._judged:
            self._judged = True
            self._found += self._over(self._fresh())

    def trips(self) -> list[Trip]:
        """The rules that were found over a limit, each time they are; not those that were dealt with, by what was counted before."""
        found, self._found = self._found, []
        return [trip for trip in found if trip.at > self._done.get(trip.rule, 0.0)]

    def done(self, rule: str, at: float) -> None:
        """A rule was dealt with: what was counted up to `at` (s) says nothing more of it."""
        self._done[rule] = at

    def _fresh(self) -> list[Watched]:
        """The parts that can be put together: counted at about the same time, under the same rules."""
        newest = self._newest
        if newest is None:
            return []
        parts = [p for p in self._told.values() if p.at > newest.at - STALE and _rules(p) == _rules(newest)]
        enough = newest.parts if newest.at < self._since + STALE else newest.parts / 2
        return parts if len(parts) >= enough else []

    def _over(self, parts: list[Watched]) -> Iterator[Trip]:
        for rule in sorted({rule for part in parts for rule in part.rules}):
            counts = [part.rules.get(rule, (0, 0, 0)) for part in parts]
            reached, sent, out = (sum(c[n] for c in counts) for n in range(3))
            trip = _volume(rule, parts, reached) or _opt_outs(rule, parts, sent, out)
            if trip is not None:
                yield trip


def _rules(part: Watched) -> tuple[Any, ...]:
    return part.parts, part.version, part.limits


def _volume(rule: str, parts: list[Watched], reached: int) -> Trip | None:
    share, per, _, _, fewest = parts[0].limits
    active = sum(part.active for part in parts)
    if share is None or active < max(fewest, 1) or reached / active <= share:
        return None
    return Trip(rule, "max_share", reached / active, share, reached, active, per, min(p.at for p in parts), parts[0].version)


def _opt_outs(rule: str, parts: list[Watched], sent: int, out: int) -> Trip | None:
    _, _, allowed, per, fewest = parts[0].limits
    surely = wilson_lower(out, sent, SURE)
    if sent < fewest or surely <= allowed:
        return None
    return Trip(rule, "opt_outs", surely, allowed, out, sent, per, min(p.at for p in parts), parts[0].version)
