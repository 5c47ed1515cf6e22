"""A stretch of a partner's real events as an in-file test, with what happened as what is expected.

As little of what came before as will do: the test begins with the stretch, with `given` for what long windows had by then; where that does not come to
the same, it begins earlier. What is written has been run: it passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from math import inf
from typing import Any

from events.errors import NudgelineError
from rulebook.faults import Faults, SourceFile
from rulebook.reader import read_test
from rulebook.source import Sequence as YamlSequence
from rulebook.source import compose
from rulebook.timeline import MAX_ITEMS, OF_SEGMENTS, Timeline
from rulebook.units import DAY, HOUR, MINUTE
from segments.clock import zone_info
from training_rules.corridor import Corridor
from training_rules.given import spelling
from training_rules.happened import of_crowd, thinned, what_happened
from training_rules.house import House
from training_rules.needs import Needs, needs
from training_rules.reading import segments_read
from training_rules.reduced import Reducer, Verbatim, moment, spelled
from training_rules.rules import Rules
from training_rules.timelines import LEDGER, Happening, TestResult, examine_timelines, happenings, run, test_rules

#: How much of what came before is tried (s), least first.
LOOKS_BACK = (0.0, HOUR, 6 * HOUR, DAY, 7 * DAY, inf)


class NotRecorded(NudgelineError):
    """No test comes to what happened: the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A test as YAML text, with how many events it has, and what has to be said of it."""

    text: str
    events: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Try:
    """How to write it: with how much of what came before (s), moments and places as they were, and which events (None: all). `thin`: of positions only the
    last before something else happens; `lean`: nothing that only says whether the partner is busy."""

    back: float
    exactly: bool
    thin: bool
    lean: bool
    needs: Needs | None


class Recorder:
    """`events`: all of the partner's, in the order in which they came, and figures of many partners among them; `begin` and `end` of the stretch in s since
    the epoch; `house`: what the partner's partition shares. With `names` only what those rules come to has to be the same."""

    def __init__(self, rules: Rules, events: Iterable[Any], begin: float, end: float, names: Sequence[str] = (), house: House | None = None) -> None:
        self.rules, self.begin, self.end, self.names = rules, begin, end, frozenset(names)
        self.ruleset = replace(rules.ruleset, tests=())
        self.segments = frozenset(s for name in names for s in segments_read(self.ruleset.nudges[name], self.ruleset))
        self.happened = what_happened(rules, events, begin, end, house)
        self.all_needs, self.own_needs = needs(self.ruleset), needs(self.ruleset, names)
        self._plain = test_rules(self.ruleset)

    def record(self, title: str = "") -> Recording:
        """The test. Raises NotRecorded."""
        there = [e.type for e in self.happened.events if self.begin <= e.occurred_at <= self.end]
        if not there:
            raise NotRecorded("there is no event of the partner in that time")
        if not (self.own_needs.events - self.own_needs.aside).intersection(there) - {"profile_updated"}:
            raise NotRecorded(f"of the partner's events in that time ({', '.join(sorted(set(there)))}) none is read by these rules")
        wrong = ""
        for attempt in self._tries():
            result = _Attempt(self, attempt, title)
            wrong = result.wrong or wrong
            if not result.wrong:
                return Recording(result.text, result.events, tuple(self._notes(attempt)))
        raise NotRecorded(f"no test comes to what happened: {wrong}")

    def _tries(self) -> Iterator[_Try]:
        first = min((e.occurred_at for e in self.happened.events), default=self.begin)
        backs = [back for n, back in enumerate(LOOKS_BACK) if n == 0 or self.begin - LOOKS_BACK[n - 1] > first]
        for back in backs:
            yield _Try(back, exactly=False, thin=True, lean=True, needs=self.own_needs)
            for exactly, thin in ((False, True), (False, False), (True, False)):
                yield from (_Try(back, exactly, thin, lean=False, needs=chosen) for chosen in (self.own_needs, None))
        yield from (_Try(self.begin - at, exactly=False, thin=True, lean=lean, needs=self.own_needs) for at in self._turned() for lean in (True, False))

    @property
    def decisive(self) -> float:
        """When the first of it happened that has to be the same (s)."""
        return min((h.at for h in self.happened.found if not self.names or h.name in self.names), default=self.end)

    def figures(self) -> dict[str, Any]:
        """What others made of the values by then."""
        return of_crowd(next((values for at, values in reversed(self.happened.values) if at <= self.decisive), {}))

    def _turned(self) -> list[float]:
        """When, within the stretch, figures became what they were when it happened: a test has them from its beginning."""
        found, same = [at for at, values in self.happened.values if at <= self.decisive], self.figures()
        last = [at for at, values in self.happened.values if at <= self.decisive and of_crowd(values) != same][-1:]
        return [at for at in found if last and at > max(last[0], self.begin)][:1]

    def _notes(self, attempt: _Try) -> Iterator[str]:
        if attempt.back < 0:
            yield "the test begins where others made the figures what they were: a test has them from its beginning"
        elif attempt.back:
            began = "from the partner's first event on" if attempt.back == inf else f"from {moment(attempt.back)} before"
            yield f"the stretch alone does not come to the same: the test has events {began}"
        if any(h.kind == "held" and h.why in ("rollout", "holdout") for h in self.happened.found):
            yield "live some of it was withheld by rollout or holdout: a test sends to everyone"


class _Attempt:
    """One way to write the test, run: `wrong` is empty where it comes to what happened."""

    def __init__(self, of: Recorder, how: _Try, title: str) -> None:
        self.of, self.how, self.title = of, how, title
        since = of.begin - how.back
        self.chosen = [e for e in of.happened.events if since <= e.occurred_at <= of.end and e.type != "profile_updated"]
        if how.needs is not None:
            wanted = how.needs.events - how.needs.aside if how.lean else how.needs.events
            self.chosen = [e for e in self.chosen if e.type in wanted]
        if how.thin:
            self.chosen = list(thinned(self.chosen, [h.at for h in of.happened.found]))
        self.profiles = [e for e in of.happened.events if e.type == "profile_updated" and e.occurred_at <= of.end]
        self.zone = next((e.time_zone for e in self.profiles if e.time_zone), None) or "UTC"
        first = min([max(since, of.begin) if how.back != inf else inf, *(e.occurred_at for e in self.chosen[:1])])
        self.start = first - first % MINUTE
        self.reducer = Reducer(of.all_needs if how.needs is None else how.needs, self.start, how.exactly)
        self.events, self.text, self.wrong = len(self.chosen), "", ""
        if len(self.chosen) > MAX_ITEMS // 2:
            self.wrong = f"it has {len(self.chosen):,} events, which is too many for a test"
        else:
            self._write()

    def _write(self) -> None:
        given: dict[str, Verbatim] = {}
        found, self.wrong = self._come_to(given)
        if self.wrong and (given := self._given()):
            found, self.wrong = self._come_to(given)
            given, found = self._fewest(given, found)
        if not self.wrong:
            self.text = self._text(given, found)
            again = self._run(self.text)
            self.wrong = again if isinstance(again, str) else next((row.wrong for row in again.rows if row.wrong), "")

    def _come_to(self, given: dict[str, Verbatim]) -> tuple[list[Happening], str]:
        """What the test comes to with this given, and how that parts from what happened."""
        result = self._run(self._text(given, []))
        if isinstance(result, str):
            return [], result
        found = [h for h in happenings(result.outputs, self.start) if h.at <= self.reducer.at(self.of.end)]
        return found, self._parted(found)

    def _fewest(self, given: dict[str, Verbatim], found: list[Happening]) -> tuple[dict[str, Verbatim], list[Happening]]:
        """Without what makes no difference."""
        for name in list(given) if not self.wrong else ():
            fewer = {k: v for k, v in given.items() if k != name}
            without, wrong = self._come_to(fewer)
            if not wrong:
                given, found = fewer, without
        return given, found

    # -- to be run

    def _run(self, text: str) -> TestResult | str:
        """What the test comes to, or why it can't be read."""
        faults = Faults()
        root = compose(SourceFile("recorded.yaml", text), faults)
        listed = root.get("tests") if root is not None else None
        assert isinstance(listed, YamlSequence)
        test = read_test(listed.items[0], faults)
        assert test is not None
        timelines, found = examine_timelines(replace(self.of.ruleset, tests=(test,)))
        if found:
            return found[0].message
        line: Timeline = timelines[0]
        return run(line, test_rules(self.of.ruleset, line) if line.given else self.of._plain)  # noqa: SLF001 - one thing in two classes

    def _parted(self, found: Sequence[Happening]) -> str:
        """What the test comes to, and did not happen, or the other way about; of rules that nobody gets in part: it is sent in a test."""
        ours, theirs = self._compared(found, self.start), self._compared(self.of.happened.found, 0.0)
        slack = MINUTE if self.how.back < 0 else 1e-3 if self.how.exactly else 1.5
        for h in theirs:
            match = next((o for o in ours if _same(o, h) and abs(o.at - h.at) <= slack), None)
            if match is None:
                return f"{h} does not come in the test"
            ours.remove(match)
        extra = next((o for o in ours if not self._excused(o)), None)
        return f"{extra} comes in the test alone" if extra is not None else ""

    def _compared(self, found: Sequence[Happening], shift: float) -> list[Happening]:
        shown = [replace(h, at=h.at + shift) for h in found if self._counts(h) and h.why not in ("rollout", "late_event")]
        return [h for h in shown if h.at >= self.of.begin - 1e-6]

    def _counts(self, h: Happening) -> bool:
        return not self.of.names or h.name in (self.of.segments if h.kind in OF_SEGMENTS else self.of.names)

    def _excused(self, h: Happening) -> bool:
        """Who was in a segment before the stretch comes in again as the test begins; what rollout held back comes in a test, and whatever follows from it."""
        withheld = {x.name for x in self.of.happened.found if x.why == "rollout"}
        return h.name in withheld or (h.kind == "enters" and h.at <= max(self.start, self.of.begin) + MINUTE)

    # -- to be written

    def _text(self, given: dict[str, Verbatim], found: Sequence[Happening]) -> str:
        local = datetime.fromtimestamp(self.start, zone_info(self.zone))
        before = [p for p in self.profiles if p.occurred_at <= max(self.start, self.of.begin - self.how.back) + MINUTE]
        partner = self.reducer.partner(before[-1] if before else self.profiles[0] if self.profiles else None)
        lines = ["version: 1", "tests:", f"  - name: {_quoted(self.title or f'recorded on {local:%Y-%m-%d at %H:%M}')}", f"    partner: {spelled(partner)}"]
        lines += [f"    given: {spelled(given)}"] if given else []
        lines += [f"    start: {local:%Y-%m-%d %H:%M}", "    timeline:"]
        items = [(self.reducer.at(e.occurred_at), f"{e.type}: {spelled(self.reducer.fields(e))}") for e in self.chosen]
        items += [(self.reducer.at(p.occurred_at), f"{p.type}: {spelled(self.reducer.fields(p))}") for p in self.profiles if p not in before and p is not self.profiles[0]]
        rows = [(at, 0, line) for at, line in items] + [(at, 1, line) for at, line in self._expected(found)]
        told = [f"      - {{at: {moment(max(at, 0.0))}, {line}}}" for at, _, line in sorted(rows, key=lambda row: row[:2])]
        return "\n".join([*lines, *told]) + "\n"

    def _expected(self, found: Sequence[Happening]) -> Iterator[tuple[float, str]]:
        """One `expect` for each moment at which something happened, and one at the end."""
        shown = [h for h in found if h.kind not in LEDGER or self._counts(h)]
        last = -inf
        for at, several in groupby(shown, key=lambda h: round(h.at, 6)):  # moments are floats, and seconds after a start are not exactly so
            last = at
            yield at, f"expect: {spelled(_wanted(list(several)))}"
        if (end := self.reducer.at(self.of.end)) > last:
            yield end, "expect: nothing"

    def _given(self) -> dict[str, Verbatim]:
        """What rules read and a test that begins here can't know: values that did not change in the meantime, and are others in the test."""
        since = self.of.begin - self.how.back
        if self.how.back == inf:
            return {k: Verbatim(v) for name, value in self.of.figures().items() if value is not None for k, v in spelling(name, value, self.of.ruleset)}
        series = [values for at, values in self.of.happened.values if at >= since]
        before = [values for at, values in self.of.happened.values if at < since][-1:]
        known = before[0] if before else {}
        fresh = self._fresh()
        constant = {name: value for name, value in known.items() if value is not None and all(v.get(name) == value for v in series)}
        constant |= {name: value for name, value in self.of.figures().items() if value is not None}
        return {k: Verbatim(v) for name, value in constant.items() if value != fresh.get(name) for k, v in spelling(name, value, self.of.ruleset)}

    def _fresh(self) -> dict[str, Any]:
        """What the test knows at its end, by itself."""
        corridor = Corridor(self.of._plain)  # noqa: SLF001 - one thing in two classes
        for e in [*self.profiles[-1:], *self.chosen]:
            corridor.feed(e)
        state = next(iter(corridor.partners.values()), None)
        return {} if state is None else self.of._plain.features(state, state.now)  # noqa: SLF001


def _same(a: Happening, b: Happening) -> bool:
    return (a.kind, a.name, a.why) == (b.kind, b.name, b.why)


def _wanted(several: Sequence[Happening]) -> dict[str, str]:
    """What is expected of one moment: of each kind the first."""
    found: dict[str, str] = {}
    for h in several:
        if h.kind not in found:
            found[h.kind] = h.name
            if h.kind == "nudge" and h.language != "en":
                found["lang"] = h.language
            if h.kind == "held" and h.why:
                found["why"] = h.why
    return found


def _quoted(text: str) -> str:
    return spelled({"": text})[1:-1].partition(": ")[2]
