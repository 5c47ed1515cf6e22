"""Runs the in-file tests of a rule set through `step`, and says what happened beside what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

import msgspec

from events.structs import STRUCTS
from rulebook import units
from rulebook.errors import RuleErrors
from rulebook.faults import Fault, Faults, Span, did_you_mean
from rulebook.model import RuleSet
from rulebook.timeline import Event, Expect, Timeline, read_timeline
from segments.clock import DEFAULT_ZONE, zone_info
from segments.crowd import Zone
from segments.facts import PROFILE_FIELDS
from training_rules.compiler import compile_rules
from training_rules.corridor import Corridor
from training_rules.given import unread, written_out
from training_rules.rules import EngineOptions, Rules

YEARS = range(1971, 2500)
#: What the ledger alone shows: nobody notices, so `expect: nothing` does not speak of it.
LEDGER = ("held", "cleared", "not_cleared")


@dataclass(frozen=True)
class Happening:
    """One thing that happened: kind as in `expect`, name, and for nudges language, text and reason."""

    at: float
    kind: str
    name: str
    language: str = ""
    text: str = ""
    why: str = ""

    def __str__(self) -> str:
        note = f" ({self.why})" if self.why else f" [{self.language}] {self.text}" if self.text else ""
        return f"{self.kind}: {self.name}{note}"


@dataclass(frozen=True)
class Row:
    """One `expect`, beside what happened since the one before. `wrong`: what of it did not come, or came too much; empty when all is right."""

    at: float
    expected: str
    happened: tuple[Happening, ...]
    span: Span
    wrong: str = ""


@dataclass(frozen=True)
class TestResult:
    """The outcome of one test, with all outputs in order."""

    __test__ = False

    name: str
    span: Span
    rows: tuple[Row, ...]
    outputs: tuple[Any, ...] = field(repr=False, default=())

    @property
    def passed(self) -> bool:
        return not any(row.wrong for row in self.rows)

    def story(self) -> str:
        """What was expected beside what happened, as text; the line that went wrong is marked."""
        wide = [max(len(text) for text in column) for column in (["at", *(units.told(r.at) for r in self.rows)], ["expected", *(r.expected for r in self.rows)])]
        lines = [f"    {'at':<{wide[0]}}  {'expected':<{wide[1]}}  happened"]
        for row in self.rows:
            happened = "; ".join(f"{units.told(h.at)} {h}" for h in row.happened) or "nothing"
            lines.append(f"  {'>' if row.wrong else ' '} {units.told(row.at):<{wide[0]}}  {row.expected:<{wide[1]}}  {happened}")
            if row.wrong:
                lines.append(f"    {row.span}: {row.wrong}")
        return "\n".join(lines)


def read_timelines(ruleset: RuleSet) -> list[Timeline]:
    """All tests of a rule set. Raises RuleErrors with the faults of all."""
    timelines, faults = examine_timelines(ruleset)
    if faults:
        raise RuleErrors(faults)
    return timelines


def examine_timelines(ruleset: RuleSet, *, whole: bool = True) -> tuple[list[Timeline], list[Fault]]:
    """What could be read of the tests, and all faults of them; `whole` is False where some of the set could not be read: nobody knows what that would ask."""
    faults = Faults()
    timelines = [read_timeline(test, ruleset, faults) for test in ruleset.tests]
    for timeline in timelines:
        _check_events(timeline, faults)
        for text, literal in unread(timeline.given, ruleset) if whole else ():
            faults.error("E253", f"no rule reads `{text}`: to give it changes nothing", literal.span, help="spell it as the rule does, or leave it out")
    return timelines, [f for f in faults.found if f.message not in ruleset.unread]


def run_tests(ruleset: RuleSet, timelines: Iterable[Timeline] | None = None) -> Iterator[TestResult]:
    """Run tests in order, with rollout 100 % and holdouts off. Raises RuleErrors where a test can't be read."""
    plain = test_rules(ruleset)
    for timeline in read_timelines(ruleset) if timelines is None else timelines:
        rules = plain if not timeline.given else test_rules(ruleset, timeline)
        yield run(timeline, rules)


def test_rules(ruleset: RuleSet, timeline: Timeline | None = None) -> Rules:
    """The rules as tests run them: everyone gets them, and what is given stands for what it names."""
    given = written_out(timeline.given, ruleset) if timeline else {}
    return compile_rules(ruleset, EngineOptions(everyone=True, given=given))


test_rules.__test__ = False  # type: ignore[attr-defined]


def start_of(timeline: Timeline) -> float:
    """When a test starts (s since the epoch). Raises ValueError for a start that is none, or that no courier has lived in."""
    zone, start = zone_info(timeline.partner.get("time_zone", DEFAULT_ZONE)), datetime.fromisoformat(timeline.start)
    if start.year not in YEARS:
        raise ValueError(f"start: the year {start.year} is not from {YEARS.start} to {YEARS.stop - 1}")
    return start.replace(tzinfo=zone).timestamp()


def events_of(timeline: Timeline) -> list[Any]:
    """The events of a test as structs, the partner's profile first."""
    start, partner = start_of(timeline), timeline.partner.get("id", "p")
    found = [_profile(timeline, start, partner)]
    for number, item in enumerate(i for i in timeline.items if isinstance(i, Event)):
        found.append(_struct(item, partner, start, number))
    return found


def run(timeline: Timeline, rules: Rules) -> TestResult:
    """Run one test: an `expect` speaks of all that happened after the one before it, up to and including its time."""
    start, partner = start_of(timeline), timeline.partner.get("id", "p")
    corridor = Corridor(rules)
    events = iter(events_of(timeline))
    corridor.partners[partner] = rules.new_state(partner)
    if (demand := timeline.partner.get("zone_demand")) is not None:
        corridor.house.crowd.anywhere = Zone(start, inf, demand, None, [])
    outputs: list[Any] = list(corridor.feed(next(events)))
    seen, rows = 0, []
    for item in timeline.items:
        if isinstance(item, Event):
            outputs += corridor.advance(start + item.at) if item.late else ()
            outputs += corridor.feed(next(events))
            continue
        outputs += corridor.advance(start + item.at)
        happened = list(happenings(outputs[seen:], start))
        seen = len(outputs)
        rows.append(Row(item.at, _spelled(item), tuple(happened), item.span, _compare(item, happened)))
    unexpected = [h for h in happenings(outputs[seen:], start) if h.kind == "nudge"]
    if unexpected:
        rows.append(Row(unexpected[0].at, "the end", tuple(unexpected), timeline.span, "a nudge after the last `expect`"))
    return TestResult(timeline.name, timeline.span, tuple(rows), tuple(outputs))


def happenings(outputs: Iterable[Any], start: float) -> Iterator[Happening]:
    """Outputs in the words of `expect`; times in seconds after `start`."""
    for out in outputs:
        at = out.decided_at - start
        match out.type:
            case "segment_transition":
                yield Happening(at, "enters" if out.transition == "entered" else "exits", out.segment)
            case "nudge":
                yield Happening(at, "nudge", out.rule, out.language, f"{out.title} – {out.body}")
            case "decision" if out.verdict in ("cleared", "not_cleared", "recalled"):
                yield Happening(at, str(out.verdict), out.rule)
            case "decision" if out.verdict in ("hold", "shadow", "drop"):
                yield Happening(at, "shadow" if out.verdict == "shadow" else "held", out.rule, why=str(out.reason or ""))


def _spelled(expect: Expect) -> str:
    return ", ".join(f"{k}: {v}" for k, v in {**expect.wanted, **expect.details}.items()) or "nothing"


def _compare(expect: Expect, happened: list[Happening]) -> str:
    """What is wrong; empty where what was expected is what happened."""
    if not expect.wanted:
        return next((f"{h.kind}: {h.name} was not expected" for h in happened if h.kind not in LEDGER), "")
    missing = [f"{kind}: {name}" for kind, name in expect.wanted.items() if not any(_fits(h, kind, name, expect) for h in happened)]
    if missing:
        near = any(h.name == name for h in happened for name in expect.wanted.values())
        return f"{'; '.join(missing)} did not come" + (" as it was expected" if near else "")
    sent = [h.name for h in happened if h.kind == "nudge"]
    extra = next((name for name in sent if name != expect.wanted.get("nudge")), None)
    if extra is not None:
        return f"nudge: {extra} was not expected"
    return f"nudge: {sent[0]} came {len(sent)} times" if len(sent) > 1 else ""


def _fits(h: Happening, kind: str, name: str, expect: Expect) -> bool:
    if (h.kind, h.name) != (kind, name):
        return False
    if kind == "nudge":
        return expect.details.get("lang", h.language) == h.language and expect.details.get("says", "") in h.text
    return kind != "held" or expect.details.get("why", h.why) == h.why


def _profile(timeline: Timeline, start: float, partner: str) -> Any:
    wanted = dict(timeline.partner)
    wanted["language"] = wanted.pop("lang", wanted.get("language", "en"))
    if (tenure := units.duration(wanted.pop("tenure", ""))) is not None:
        joined = datetime.fromtimestamp(start, zone_info(wanted.get("time_zone", DEFAULT_ZONE))) - timedelta(seconds=tenure)
        wanted["joined_on"] = joined.date().isoformat()
    profile = {k: v for k, v in wanted.items() if k in PROFILE_FIELDS}
    return _converted("profile_updated", {**profile, "event_id": "profile", "partner_id": partner, "occurred_at": start})


def _struct(item: Event, partner: str, start: float, number: int) -> Any:
    fields: dict[str, Any] = {"order_id": f"order-{number}", **item.fields}
    return _converted(item.type, {**fields, "event_id": f"e{number}", "partner_id": partner, "occurred_at": start + item.at - item.late})


def _converted(kind: str, fields: dict[str, Any]) -> Any:
    struct = STRUCTS[kind]
    known = {f.name for f in msgspec.structs.fields(struct)}
    return msgspec.convert({k: v for k, v in fields.items() if k in known} | {"type": kind}, struct, strict=False)


def _check_events(timeline: Timeline, faults: Faults) -> None:
    """Fields that the event does not have, or values that it refuses."""
    faults.where = f"test {timeline.name!r}"
    try:
        start_of(timeline)
        _profile(timeline, 0.0, "p")
    except (ValueError, msgspec.ValidationError) as e:
        faults.error("E254", f"the partner or start of this test can't be read: {e}", timeline.span)
    lines = {id(item.fields): item for item in timeline.items if isinstance(item, Event)}
    for item in lines.values():
        _check_event(item, faults)
    faults.where = ""


def _check_event(item: Event, faults: Faults) -> None:
    known = {f.name for f in msgspec.structs.fields(STRUCTS[item.type])}
    unknown = [name for name in item.fields if name not in known]
    for name in unknown:
        faults.error("E201", f"`{item.type}` has no field `{name}`", item.places[name][0], help=did_you_mean(name, known))
    try:
        _struct(item, "p", 0.0, 0)
    except msgspec.ValidationError as e:
        refused = next((name for name in item.fields if f"$.{name}" in str(e)), "")
        faults.error("E255", f"`{item.type}`: {e}", item.places[refused][1] if refused else item.span)


