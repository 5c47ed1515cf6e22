"""Why a rule never triggered: how often its events came, and what they had in the fields that its conditions compare.

A word that no event has makes a rule dead, and a rule that is only rare looks the same from outside. This tells them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from events.structs import STRUCTS
from rulebook.compared import Compared, compared
from rulebook.model import Happens, InSequence, Nudge, Pattern, RuleSet, Trigger
from rulebook.scope import Scope
from rulebook.units import counted
from training_rules.definitions import conditions_of

MOST_WORDS, SHOWN = 1_000, 6
Field = tuple[str, str]


@dataclass
class Values:
    """What one field had: words with their counts, or the bounds of numbers; `missing`: how often nothing. Those `asked` for are always counted, others
    up to `MOST_WORDS` different ones."""

    words: Counter[str] = field(default_factory=Counter)
    low: float = inf
    high: float = -inf
    missing: int = 0

    def take(self, value: Any) -> None:
        if value is None:
            self.missing += 1
        elif isinstance(value, str):
            if value in self.words or len(self.words) < MOST_WORDS:
                self.words[value] += 1
        else:
            self.low, self.high = min(self.low, value), max(self.high, value)

    def add(self, other: Values) -> None:
        """Take in what was seen elsewhere."""
        for word, count in other.words.items():
            if word in self.words or len(self.words) < MOST_WORDS:
                self.words[word] += count
        self.low, self.high, self.missing = min(self.low, other.low), max(self.high, other.high), self.missing + other.missing

    def asked(self, words: Iterable[str]) -> None:
        for word in words:
            self.words.setdefault(str(word), 0)

    def told(self, words: Sequence[str]) -> str:
        """The counts of some words and of the commonest others, or the bounds; empty where the field was never there."""
        had = Counter({word: count for word, count in self.words.items() if count})
        first = dict.fromkeys([*(w for w in words if w in had), *(w for w, _ in had.most_common())])
        listed = [f"{word} ({had[word]:,})" for word in list(first)[:SHOWN]]
        if (more := len(had) - SHOWN) > 0:
            listed.append(f"{more:,} more")
        if self.low <= self.high:
            listed.append(f"from {self.low:g} to {self.high:g}")
        if self.missing:
            listed.append(f"missing ({self.missing:,})")
        return ", ".join(listed)


class Seen(NamedTuple):
    """How often events came, the rules that did not trigger, and what fields had."""

    counts: Mapping[str, int]
    waiting: frozenset[str]
    values: Mapping[Field, Values]


class Untriggered:
    """The nudge rules that have not triggered yet. `take` each event that they see and tell which rule `triggered`; what `lines` says is of the others.

    A field is looked at only while a rule that compares it has not triggered.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = {n.name: _Watched(n, rules) for n in rules.nudges.values() if n.mode != "off"}
        self._off = [n.name for n in rules.nudges.values() if n.mode == "off"]
        self.values: dict[Field, Values] = {place: Values() for watched in self.rules.values() for place in watched.places}
        self.counts: Counter[type] = Counter()
        for watched in self.rules.values():
            for place, words in watched.places.items():
                self.values[place].asked(words)
        self._watch()

    def take(self, event: Any) -> None:
        looks = self._looks.get(event.__class__)
        if looks is None:  # most events of most rule sets
            return
        self.counts[event.__class__] += 1
        for name, values in looks:
            values.take(getattr(event, name))

    def triggered(self, rule: str) -> None:
        if self.rules.pop(rule, None) is not None:
            self._watch()

    def seen(self) -> Seen:
        """What was seen so far, as it is taken in by `add` in another process."""
        values = {(str(event), str(name)): values for (event, name), values in self.values.items()}
        return Seen({event: count for event, struct in STRUCTS.items() if (count := self.counts[struct])}, frozenset(map(str, self.rules)), values)

    def add(self, seen: Seen) -> None:
        """Take in what was seen of other partners: a rule that triggered there is not told of."""
        for rule in set(self.rules) - seen.waiting:
            self.triggered(rule)
        self.counts.update({STRUCTS[event]: count for event, count in seen.counts.items()})
        for place, values in seen.values.items():
            self.values[place].add(values)

    def _watch(self) -> None:
        """What is looked at in each event type, an empty list where it is only counted."""
        self._looks: dict[type, list[tuple[str, Values]]] = {STRUCTS[e]: [] for watched in self.rules.values() for e in watched.events}
        for event, name in dict.fromkeys(place for watched in self.rules.values() for place in watched.places):
            self._looks.setdefault(STRUCTS[event], []).append((name, self.values[event, name]))

    def lines(self) -> dict[str, str]:
        """For each rule that never triggered, by name, a sentence about what it waits for."""
        found = {name: "; ".join(self._said(watched)) for name, watched in self.rules.items()} | dict.fromkeys(self._off, "its mode is off")
        return dict(sorted(found.items()))

    def _said(self, watched: _Watched) -> Iterator[str]:
        for event in watched.events:
            count = self.counts[STRUCTS[event]]
            yield f"{event} came {counted(count, 'time')}" if count else f"{event} never came"
        for (event, name), words in watched.places.items():
            values = self.values[event, name]
            if said := values.told(words):
                never = [f"`{word}`" for word in words if not values.words[word]]
                yield f"{event}.{name} was " + (f"never {', '.join(never)}: it was {said}" if never else said)


class _Watched:
    """What one rule waits for: `events` that its trigger counts, and the event fields that it compares, each with the words it asks for."""

    def __init__(self, nudge: Nudge, rules: RuleSet) -> None:
        chain = list(_chain(nudge, rules))
        self.events = list(dict.fromkeys(e for d in chain for e in _waits_for(d.trigger) if e in STRUCTS))
        self.places: dict[Field, list[str]] = {}
        for found in (c for definition in chain for c in _comparisons(definition, rules)):
            words = self.places.setdefault((found.event, found.field), [])
            if isinstance(found.literal.value, str) and found.literal.value not in words:
                words.append(found.literal.value)


def _chain(definition: Nudge | Pattern, rules: RuleSet) -> Iterator[Nudge | Pattern]:
    """A rule, and the patterns that it is made of."""
    yield definition
    for event in _waits_for(definition.trigger):
        if event in rules.patterns:
            yield from _chain(rules.patterns[event], rules)


def _waits_for(trigger: Trigger) -> list[str]:
    match trigger:
        case Happens(step):
            return [step.event]
        case InSequence(steps):
            return [step.event for step in steps]
        case _:
            return []


def _comparisons(definition: Nudge | Pattern, rules: RuleSet) -> Iterator[Compared]:
    for expr, scope in conditions_of(definition, Scope(rules)):
        yield from (found for found in compared(expr, scope) if found.event in STRUCTS)
