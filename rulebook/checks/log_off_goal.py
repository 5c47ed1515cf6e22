"""A goal against logging off.

Who logs off has decided. A target that is "so close" at that moment, money for going on, or a nudge that clears only by coming back, works on drivers as a slot machine does: Uber's messages "You're $10 away from making $330. Are you sure you want to go offline?" and its next trip before the last one ends (N. Scheiber, "How Uber Uses Psychological Tricks to Push Its Drivers' Buttons", The New York Times, 2 April 2017). Tired riders have accidents. Say it at the next log-in, and let the partner choose.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault, of_trigger
from rulebook.checks.phrases import any_of, said
from rulebook.faults import Fault, Severity
from rulebook.holes import template
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, RuleSet, Trigger
from rulebook.scope import Scope
from rulebook.syntax import Aggregate, Expr, Junction, Name, Not, references

CODE, SEVERITY = "W443", Severity.WARNING

#: What a partner has done today: how near a target is.
PROGRESS = frozenset({"earnings_today", "orders_accepted_today", "orders_delivered_today", "online_today", "earning_posted today", "order_accepted today", "order_delivered today"})
KINDS = {
    "a goal against logging off": any_of(
        r"\bdon.t (log ?off|log ?out|go offline|stop now)\b", r"\bbefore you (log ?o(ff|ut)|go offline)\b", r"\bstay (online|logged in)\b",
        r"\bkeep going\b(?! (straight|left|right|along|past|until|on)\b)", r"\bsure you want to (log ?o(ff|ut)|go offline|stop|leave)\b", r"\bone (more|last) order before\b",
        "लॉग ?(आउट|ऑफ़) (न|मत) (करें|कीजिए|करो)", "ऑफ़लाइन (न|मत) (जाएँ|जाएं|जाइए|जाओ|हों)", "ऑनलाइन (बने )?(रहें|रहिए|रहो)", "रुकिए मत|मत रुक(ें|िए|ो)",
        "ಲಾಗ್ ?(ಔಟ್|ಆಫ್) (ಮಾಡಬೇಡಿ|ಆಗಬೇಡಿ)", "ಆಫ್\u200c?ಲೈನ್ ?(ಹೋಗಬೇಡಿ|ಆಗಬೇಡಿ)", "ಆನ್\u200c?ಲೈನ್\u200c?ನಲ್ಲ(ಿ|ೇ) ಇರಿ",
    ),
}  # fmt: skip
HELP = "say it when they log in again: `trigger: {happens: logged_in}`"


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for found in said(rules, KINDS):
        yield fault(CODE, SEVERITY, f"“{found.words}” ({found.language}) is {found.kind}", found.at, f"message {found.message.name}", "say what helps, and let the partner choose")
    for nudge in rules.nudges.values():
        if (leaving := _leaving(nudge.trigger, rules)) and (why := _presses(nudge, rules, leaving)):
            yield fault(CODE, SEVERITY, f"who {leaving} {why}", nudge.trigger.span if not isinstance(nudge.trigger, Holds) else nudge.trigger.when.span, f"nudge {nudge.name}", HELP)


GOES, GONE = "logs off", "is off"


def _leaving(trigger: Trigger, rules: RuleSet, depth: int = 8) -> str:
    """What a partner does or is, where the trigger is that they log off, or are off; patterns are followed."""
    match trigger:
        case Happens(step) if step.event == "logged_out":
            return GOES
        case InSequence(steps) if steps[-1].event == "logged_out":
            return GOES
        case Happens(step) if depth and step.event in rules.patterns:
            return _leaving(rules.patterns[step.event].trigger, rules, depth - 1)
        case Holds(when):
            return _off(when)
        case Crosses(segment, entered) if segment in rules.segments and (enter := rules.segments[segment].enter.when) is not None:
            return _off(enter) if entered else GOES if _on(enter) else ""
    return ""


def _off(expr: Expr) -> str:
    """Whether a condition is that a partner is off, or asks for that among other things."""
    match expr:
        case Not(operand) if _on(operand):
            return GOES
        case Junction("and", operands) if any(map(_off, operands)):
            return GONE
    return ""


def _presses(nudge: Nudge, rules: RuleSet, leaving: str) -> str:
    """What the nudge does to one who goes, or has gone; empty where it only informs. Who has been off for a while may be asked back."""
    if near := PROGRESS & set(_read(nudge, rules)):
        return f"is told how near a target is (`{min(near)}`)"
    if leaving == GONE:
        return ""
    if nudge.kind == "incentive" or nudge.offer is not None:
        return "is offered money to go on"
    if nudge.clears is not None and _on(nudge.clears.when):
        return "is to come back: nothing else clears it"
    return ""


def _on(expr: Expr) -> bool:
    return isinstance(expr, Name) and expr.name == "online"


def _read(nudge: Nudge, rules: RuleSet) -> Iterator[str]:
    """The names that its conditions, arguments and holes read, and for aggregates over today what they are of."""
    parts = [nudge.condition, *nudge.args.values(), *(e for e, _ in of_trigger(nudge.trigger, Scope(rules)))]
    for ref in (ref for part in parts if part is not None for ref in references(part)):
        if isinstance(ref, Name):
            yield ref.name
        elif isinstance(ref, Aggregate) and ref.window is not None and ref.window.kind == "today":
            yield from (f"{event} today" for event in ref.events)
    message = rules.messages.get(nudge.message)
    for text in message.texts.values() if message is not None else ():
        yield from (hole.name for _, part in text.parts() for hole in template(part).holes())
