"""What definitions say of each other: every name used exists, and what stands together fits."""

from __future__ import annotations

from collections.abc import Iterable

from events import FAMILIES
from rulebook.checker import Checker
from rulebook.faults import Fault, Faults, Span, close_word, did_you_mean
from rulebook.holes import template
from rulebook.model import Crosses, Happens, Holds, InSequence, Nudge, RuleSet, Step, Text, Trigger
from rulebook.names import BUILTINS
from rulebook.scope import Scope
from rulebook.source import place_of
from rulebook.units import Unit


def linked(rules: RuleSet) -> list[Fault]:
    """Every fault of the whole set."""
    _Linker(rules, faults := Faults()).run()
    return faults.found


_MODULE = "modules: {{{0}: {{title: ..., minutes: 3, link: ...}}}}"
_METRIC = "metrics: {{{0}: {{ratio: {{of: ..., to: ...}}}}}}"
_MESSAGE = "messages: {{{0}: {{en: {{title: ..., body: ...}}}}}}"


class _Linker:
    def __init__(self, rules: RuleSet, faults: Faults) -> None:
        self.rules, self.faults, self.checker, self.scope = rules, faults, Checker(faults), Scope(rules)

    def run(self) -> None:
        for metric in self.rules.metrics.values():
            self.faults.where = f"metric {metric.name}"
            self.events((*metric.of, *metric.to), metric.span)
        for segment in self.rules.segments.values():
            self.faults.where = f"segment {segment.name}"
            for edge in (segment.enter, segment.exit):
                if edge.when is not None:
                    self.checker.condition(edge.when, self.scope)
        for pattern in self.rules.patterns.values():
            self.faults.where = f"pattern {pattern.name}"
            self.trigger(pattern.trigger)
        for nudge in self.rules.nudges.values():
            self.faults.where = f"nudge {nudge.name}"
            self.nudge(nudge)
        self.faults.where = ""

    def events(self, names: Iterable[str], span: Span) -> None:
        for name in names:
            if name not in self.scope.events:
                self.faults.error("E201", f"unknown event `{name}`", place_of(name, span), help=did_you_mean(name, self.scope.events))

    def trigger(self, trigger: Trigger) -> None:
        match trigger:
            case Happens(step, span, without=without, same=same):
                self.step(step)
                self.events(without, span)
                self.same(same, (step.event, *without), span)
            case InSequence(steps, _, span, without, same):
                for step in steps:
                    self.step(step)
                self.events(without, span)
                self.same(same, [*(s.event for s in steps), *without], span)
            case Holds(when, span, _, without):
                self.checker.condition(when, self.scope)
                self.events(without, span)
            case Crosses(segment, _, span):
                if segment not in self.rules.segments:
                    self.faults.error("E201", f"unknown segment `{segment}`", span, help=did_you_mean(segment, self.rules.segments))

    def step(self, step: Step) -> None:
        self.events((step.event,), step.span)
        if step.where is not None and step.event in self.scope.events:
            self.checker.condition(step.where, self.scope.within(step.event))

    def same(self, field: str, events: Iterable[str], span: Span) -> None:
        for event in events:
            if not field or event not in self.scope.events:
                continue
            scope = self.scope.within(event)
            fields = {*scope.event_fields, *scope.lists}
            if field not in fields and event in self.rules.patterns:
                carried = f"it carries `{next(iter(fields))}`" if fields else f"give the pattern `{event}` a `same: {field}`"
                self.faults.error("E201", f"the pattern `{event}` carries no `{field}`: its event has what its own `same` compares", place_of(field, span), help=carried)
            elif field not in fields:
                self.faults.error("E201", f"`{event}` has no field `{field}`", place_of(field, span), help=did_you_mean(field, fields))

    def nudge(self, nudge: Nudge) -> None:
        self.trigger(nudge.trigger)
        for condition in (nudge.condition, nudge.clears.when if nudge.clears else None):
            if condition is not None:
                self.checker.condition(condition, self.scope)
        if nudge.clears and (follower := nudge.clears.otherwise) and follower not in self.rules.nudges:
            self.faults.error("E201", f"unknown nudge `{follower}`", place_of(follower, nudge.span), help=did_you_mean(follower, self.rules.nudges))
        self.sent(nudge)
        self.aims(nudge)
        if nudge.seats is not None and self.checker.unit(nudge.seats, self.scope) not in (Unit.NUMBER, None):
            self.faults.error("E234", "`seats` is how many partners may have this nudge at once: a number", nudge.span, help="write `seats: 20`")
        event_scope = self.event_scope(nudge.trigger)
        for expr in nudge.args.values():
            self.checker.unit(expr, event_scope)
        self.holes(nudge)

    def aims(self, nudge: Nudge) -> None:
        """The metric of the goal, and the feeds."""
        metrics, metric = self.rules.metrics, nudge.goal[0] if nudge.goal else ""
        if metric and metric not in metrics:
            self.faults.error("E201", f"unknown metric `{metric}`", place_of(metric, nudge.span), help=_declared(metric, metrics, _METRIC))
        for feed in nudge.feeds:
            if feed not in FAMILIES:
                self.faults.error("E205", f"unknown feed `{feed}`", place_of(feed, nudge.span), help=did_you_mean(feed, FAMILIES))

    def sent(self, nudge: Nudge) -> None:
        """The message or the modules of a nudge are there; where not, the place under `send` is shown, and how one is declared."""
        messages, modules = self.rules.messages, self.rules.modules
        for name, at in zip(nudge.best_of or (nudge.message,), nudge.sent, strict=False):
            if nudge.best_of and name not in modules:
                other = f"`{name}` is a message: write `send: {name}`" if name in messages else _declared(name, modules, _MODULE)
                self.faults.error("E201", f"unknown module `{name}`", at, help=other)
            elif not nudge.best_of and name not in messages:
                other = f"`{name}` is a module: write `send: {{best_of: [{name}]}}`" if name in modules else _declared(name, messages, _MESSAGE)
                self.faults.error("E201", f"unknown message `{name}`", at, help=other)

    def event_scope(self, trigger: Trigger) -> Scope:
        """Arguments may read the fields of the event that completed the match, or began the wait."""
        first = trigger.step if isinstance(trigger, Happens) else trigger.steps[-1] if isinstance(trigger, InSequence) else None
        return self.scope.within(first.event) if first is not None else self.scope

    def holes(self, nudge: Nudge) -> None:
        message = self.rules.messages.get(nudge.message)
        known = {*nudge.args, *BUILTINS}
        for language, text in message.texts.items() if message else ():
            for hole, at in _holes_of(text).items():
                if hole not in known:
                    self.faults.error("E233", f"message `{nudge.message}` ({language}) has a hole `{{{hole}}}` that nothing fills", at or nudge.span, other=nudge.span,
                                      help=" or ".join(filter(None, (f"add `args: {{{hole}: ...}}` to the nudge", did_you_mean(hole, known)))))  # fmt: skip


def _holes_of(text: Text) -> dict[str, Span | None]:
    """The holes of a text by name, with the place of the first of each."""
    found: dict[str, Span | None] = {}
    for what, words in text.parts():
        for hole in template(words).holes():
            found.setdefault(hole.name, text.place(what, hole.at, 1 + len(hole.name)))
    return found



def _declared(name: str, known: Iterable[str], form: str) -> str:
    """The name that may have been meant, or how this one is declared."""
    close = close_word(name, known)
    return (f"did you mean `{close}`? Otherwise declare it: " if close else "declare it: ") + f"`{form.format(name)}`"
