"""Runs one rule set over one timeline, through the compiled engine and through the reference, and says where they part."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from segments.features import FIGURES
from tests.reference.interpreter import Reference
from tests.reference.programs import Program, Timeline, announced, timeline
from training_rules import Corridor, EngineOptions, Partners, compile_rules


def engine(text: str, line: Timeline) -> list[Any]:
    """What the compiled engine decides, as the reference spells it. At a restart every state becomes bytes and is read again."""
    rules = compile_rules(read_text(text)[0], EngineOptions(season="1"))
    corridor, out = Corridor(rules), []
    for number, e in enumerate(announced(text, line.events)):
        if number in line.restarts:
            states, before = {p: rules.dump(s) for p, s in corridor.partners.items()}, corridor
            corridor = Corridor(rules, Partners(rules, resting=states), before.stream_time)
            corridor.together.restore(before.together.kept())
        out += [*corridor.advance(e.occurred_at), *corridor.announce(e)] if e.type in FIGURES else corridor.feed(e)
    out += corridor.advance(line.end)
    ids = Counter(o.decision_id for o in out if o.type == "decision" and o.verdict != "drop")
    assert max(ids.values(), default=1) == 1, f"one id for several decisions: {ids.most_common(1)}"
    return [spelled(o) for o in out]


def reference(text: str, line: Timeline) -> list[Any]:
    it = Reference(read_text(text)[0])
    out = [o for e in announced(text, line.events) for o in (it.announce(e) if e.type in FIGURES else it.feed(e))]
    return [*out, *it.advance(line.end)]


def spelled(o: Any) -> tuple[Any, ...]:
    """An output as the tuple that the reference makes."""
    who = o.partner_id, o.decided_at
    match o.type:
        case "segment_transition":
            return ("transition", *who, o.segment, o.transition, o.cause)
        case "nudge":
            return ("nudge", *who, o.rule, o.language, o.body)
        case "nudge_recalled":
            return ("withdrawn", *who, o.rule, o.cause)
        case _ if o.verdict == "recalled":
            return ("recalled", *who, o.rule, o.cause)
        case _ if o.verdict == "drop":
            return ("late", *who, o.cause)
        case _ if o.verdict in ("cleared", "not_cleared"):
            return ("episode", *who, o.rule, str(o.verdict), o.evidence["opened_at"], o.evidence["arm"] == "control", o.cause)
        case _:
            return ("decision", *who, o.rule, str(o.verdict), o.reason and str(o.reason), o.cause, tuple(o.evidence["events"]))


def differences(text: str, line: Timeline) -> list[str]:
    """What only one of the two says, in order of time."""
    ours, theirs = Counter(engine(text, line)), Counter(reference(text, line))
    found = [(o, "engine") for o in (ours - theirs).elements()] + [(o, "reference") for o in (theirs - ours).elements()]
    return [f"{who} alone: {o}" for o, who in sorted(found, key=lambda f: (f[0][2], f[0][1], str(f)))]


def drawn(r: Random, longest: int = 30) -> tuple[str, Timeline]:
    """A rule set that `check` lets pass, and a timeline."""
    while not passes(text := Program(r).text):
        continue
    return text, timeline(r, longest)


def told(line: Timeline) -> list[Any]:
    """What partners did, without anything else that a timeline may have."""
    return [e for e in line.events if hasattr(e, "partner_id")]


def passes(text: str) -> bool:
    try:
        read_text(text)
    except RuleErrors:
        return False
    return True
