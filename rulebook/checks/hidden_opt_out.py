"""A no that is not taken.

Who opted out, or put a nudge away, has answered. To ask again at once is "nagging", to say that there is no way out, or that it costs something, an "obstruction" (C. Gray et al., CHI 2018; FTC staff report "Bringing Dark Patterns to Light", 2022).
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.checks.phrases import any_of, said
from rulebook.faults import Fault, Severity
from rulebook.model import Happens, InSequence, RuleSet, Trigger

CODE, SEVERITY = "W449", Severity.WARNING

NO = {"opted_out": "opts out", "nudge_dismissed": "puts a nudge away"}
KINDS = {
    "a way out that is shut": any_of(
        r"\b(can ?not|can.t|cannot) (be )?(turn(ed)? (this|these|it|them)?( )?off|opt out|unsubscribe|switch(ed)? off)", r"\bif you (opt out|turn (this|these|it) off|unsubscribe)\b", r"\bopting out (will|means|may|costs?)\b",
        r"\bsure you want to (opt out|turn)\b", "बंद नहीं (कर|किए|किया) (सकते|जा सकते|जा सकता)", "(बंद|ऑप्ट आउट) करने (पर|से) (आप|आपका|आपकी|कमाई)", "ನಿಲ್ಲಿಸಲು ಸಾಧ್ಯವಿಲ್ಲ|ಆಫ್ ಮಾಡಲು ಸಾಧ್ಯವಿಲ್ಲ",
    ),
}  # fmt: skip


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for found in said(rules, KINDS):
        yield fault(CODE, SEVERITY, f"“{found.words}” ({found.language}) is {found.kind}", found.at, f"message {found.message.name}", "leave it out: `opted_out` ends a rule, and costs nothing")
    for nudge in rules.nudges.values():
        if no := NO.get(_first(nudge.trigger)):
            yield fault(CODE, SEVERITY, f"who {no} is asked again", nudge.trigger.span, f"nudge {nudge.name}", "let it rest: begin with what the partner does next, such as `trigger: {happens: logged_in}`")


def _first(trigger: Trigger) -> str:
    """The event upon which a nudge is sent at once."""
    if isinstance(trigger, Happens) and trigger.times == 1:
        return trigger.step.event
    return trigger.steps[-1].event if isinstance(trigger, InSequence) else ""
