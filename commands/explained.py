"""An explanation for people: one tree, each clause with its truth and what it read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from rulebook.spelling import spelled
from rulebook.units import Unit, counted, told
from segments.clock import zone_info
from training_rules.clauses import Clause, Reading
from training_rules.explaining import Explanation, RuleView, SegmentView, TriggerView
from training_rules.gates import Gate
from training_rules.ledger import Entry, Pair
from training_rules.progress import Open
from training_rules.watching import Decided

_TRUTH = {True: "[green]true   [/]", False: "[red]false  [/]", None: "[yellow]unknown[/]"}
_MARK = {True: "[green]✔[/]", False: "[red]✘[/]", None: "[yellow]?[/]"}
MOST_DECISIONS = 10


@dataclass(frozen=True)
class Page:
    """Draws one explanation; times are those of the partner's own clock. `replayed`: whether events were, so that decisions can be compared."""

    of: Explanation
    replayed: bool

    def trees(self, pairs: Sequence[Pair], notes: Iterable[str]) -> Iterator[Tree]:
        yield self._head(notes)
        for rule in self.of.rules:
            yield self._rule(rule, [p for p in pairs if (p.ledger or p.replayed).rule == rule.name])  # type: ignore[union-attr]
        if self.of.timers:
            tree = Tree("[bold]timers[/]")
            for kind, name, due in self.of.timers:
                tree.add(f"{self._when(due)}  {kind} {escape(name)}".rstrip())
            yield tree

    def _head(self, notes: Iterable[str]) -> Tree:
        it = self.of
        tree = Tree(f"[bold]{escape(it.partner_id)}[/] at {self._full(it.at)}, rules {it.ruleset_version}")
        online = {True: "online", False: "offline", None: "online or not: unknown"}[it.online]
        tree.add(", ".join([online, f"on {counted(len(it.orders), 'order')}" if it.orders else "on no order"]))
        tree.add("in " + (", ".join(map(escape, it.segments)) if it.segments else "no segment"))
        for note in notes:
            tree.add(f"[yellow]{escape(note)}[/]")
        if not it.rules:
            tree.add("no rule concerns this partner now: none triggered, was held or has begun (--rule NAME shows one all the same)")
        return tree

    def _rule(self, rule: RuleView, pairs: Sequence[Pair]) -> Tree:
        tree = Tree(f"[bold]{escape(rule.name)}[/] ({rule.kind}, {rule.mode}, version {rule.version})  [dim]{escape(rule.trigger.place)}[/]")
        self._trigger(tree.add(f"trigger  {escape(rule.trigger.text)}"), rule.trigger)
        for pattern in rule.patterns:
            self._trigger(tree.add(f"pattern {escape(pattern.name)}  {escape(pattern.text)}"), pattern)
        for segment in rule.segments:
            self._segment(tree, segment)
        for label, clause in (("if", rule.condition), ("clears when", rule.clears)):
            if clause is not None:
                self._clause(tree.add(label), clause)
        self._opened(tree, rule.opened)
        tree.add("last send " + (", ".join(map(self._when, rule.sends[-3:])) if rule.sends else "none that counts still"))
        if rule.shadows:
            tree.add("last shadow " + ", ".join(map(self._when, rule.shadows[-3:])))
        self._gates(tree, "if it matched now: ", rule.gates)
        self._decisions(tree, rule.decisions, pairs)
        self._words(tree, rule)
        return tree

    def _trigger(self, tree: Tree, trigger: TriggerView) -> None:
        if trigger.clause is not None:
            self._clause(tree, trigger.clause)
        for step in trigger.steps:
            if not step.seen and self.replayed:
                tree.add(f"no {escape(step.event)} was seen")
            for seen in step.seen:
                node = tree.add(f"{self._when(seen.at)}  {escape(seen.event)} {escape(seen.event_id)}")
                if seen.clause is not None:
                    self._clause(node, seen.clause)
        self._opened(tree, trigger.opened)

    def _segment(self, tree: Tree, segment: SegmentView) -> None:
        since = f" since {self._when(segment.since)}" if segment.since is not None else ""
        node = tree.add(f"segment {escape(segment.name)}: {'in' if segment.member else 'not in'}{since}")
        self._clause(node.add("enter"), segment.enter)
        self._clause(node.add("exit"), segment.exit)
        self._opened(node, [segment.moving] if segment.moving is not None else [])

    def _clause(self, tree: Tree, clause: Clause) -> None:
        text = f"{clause.word}: {'all' if clause.word == 'and' else 'one' if clause.word == 'or' else 'the opposite'} of" if clause.parts else escape(clause.text)
        node = tree.add(f"{_TRUTH[clause.truth]} {text}" + "".join(f"   [dim]{escape(self._reading(r))}[/]" for r in clause.readings))
        for part in clause.parts:
            self._clause(node, part)

    def _reading(self, read: Reading) -> str:
        facts = [f"of {read.samples:g}"] if read.samples is not None else []
        facts += [f"{told(round(read.age))} old"] if read.age is not None else []
        facts += [read.unknown] if read.unknown else []
        return f"{read.name} = {said(read.value, read.unit)}" + (f" ({', '.join(facts)})" if facts else "")

    def _opened(self, tree: Tree, opened: Iterable[Open]) -> None:
        for it in opened:
            due = f", due {self._when(it.due)}" if it.due is not None else f", over at {self._when(it.until)}" if it.until is not None else ""
            key = f" of {it.key}" if it.key else ""
            events = f"  [dim]{escape(' '.join(it.events))}[/]" if it.events and it.kind != "episode" else ""
            tree.add(f"[cyan]{it.kind}[/]{escape(key)} since {self._when(it.since)}{due}: {escape(it.what)}{events}")

    def _gates(self, tree: Tree, label: str, gates: Sequence[Gate]) -> None:
        if not gates:
            tree.add(label + "no gate would hold it")
            return
        node = tree.add(f"{label}held by [bold]{gates[0].reason}[/]" + (f", and {len(gates) - 1} more" if len(gates) > 1 else ""))
        for gate in gates:
            opens = f" until {self._when(gate.opens_at)}" if gate.opens_at is not None else ""
            node.add(f"{_MARK[False]} {gate.reason}{opens}" + (f"  [dim]{escape(gate.note)}[/]" if gate.note else ""))

    def _decisions(self, tree: Tree, decisions: Sequence[Decided], pairs: Sequence[Pair]) -> None:
        """What was decided, the newest last; of those of the ledger what differs."""
        if len(decisions) > MOST_DECISIONS:
            tree.add(f"{len(decisions) - MOST_DECISIONS} earlier decisions are left out")
        for it in decisions[-MOST_DECISIONS:]:
            said_why = f": {it.decision.reason}" if it.decision.reason is not None else ""
            node = tree.add(f"{self._when(it.decision.decided_at)}  [bold]{it.decision.verdict}{said_why}[/]  [dim]{_evidence(it.decision.evidence)}[/]")
            if it.condition is not None:
                self._clause(node.add("if"), it.condition)
            if it.gates:
                self._gates(node, "", it.gates)
        self._ledger(tree, decisions, pairs)

    def _ledger(self, tree: Tree, decisions: Sequence[Decided], pairs: Sequence[Pair]) -> None:
        for pair in pairs:
            if decisions and not pair.note:
                continue
            sides = [f"ledger {_entry(pair.ledger)}", *([f"replay {_entry(pair.replayed)}"] if self.replayed else [])]
            node = tree.add(f"{self._when(pair.at)}  {', '.join(sides)}" + (f"  [yellow]{escape(pair.note)}[/]" if pair.note else ""))
            if pair.ledger is not None and pair.ledger.evidence:
                node.add(f"[dim]{escape(_values(pair.ledger.evidence))}[/]")

    def _words(self, tree: Tree, rule: RuleView) -> None:
        words = rule.words
        node = tree.add(f"why, for the partner ({words.language}): {escape(words.why)}")
        if words.title or words.body:
            node.add(escape(f"{words.title} – {words.body}".strip(" –")))

    def _local(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, zone_info(self.of.time_zone))

    def _full(self, moment: float) -> str:
        return f"{self._local(moment):%Y-%m-%d %H:%M:%S} {self.of.time_zone}"

    def _when(self, moment: float) -> str:
        """The time of day, with the date where it is another day."""
        at = self._local(moment)
        return f"{at:%H:%M:%S}" if at.date() == self._local(self.of.at).date() else f"{at:%Y-%m-%d %H:%M:%S}"


def _entry(entry: Entry | None) -> str:
    return "has none" if entry is None else entry.verdict


def _values(evidence: Mapping[str, Any]) -> str:
    """What decided, as the ledger has it."""
    values = [f"{name} = {_plain(fact)}" for name, fact in evidence.items() if isinstance(fact, dict) and "value" in fact]
    return ", ".join([*values, *([f"events {' '.join(map(str, evidence['events']))}"] if evidence.get("events") else [])])


def _plain(fact: Mapping[str, Any]) -> str:
    value = "unknown" if fact["value"] is None else str(fact["value"])
    return value if fact.get("age") is None else f"{value} ({told(round(fact['age']))} old)"


def _evidence(evidence: dict[str, Any]) -> str:
    return escape(" ".join(map(str, evidence.get("events", ()))))


def said(value: Any, unit: Unit) -> str:
    """A value as people write it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    if unit is Unit.CLOCK:
        return f"{int(value) // 3600:02d}:{int(value) % 3600 // 60:02d}"
    if unit is Unit.DURATION:
        return told(round(value))
    return spelled(value, unit, "en") if isinstance(value, int | float) else str(value)
