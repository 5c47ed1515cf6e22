"""A rule set as read: typed definitions with their places, before references are resolved and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rulebook.faults import Span
from rulebook.source import Mapping as YamlMapping
from rulebook.syntax import Aggregate, Expr


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Ring:
    """A polygon; corners as (lat, lon), not repeated at the end."""

    name: str
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Places:
    name: str
    places: tuple[Point | Ring, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Metric:
    """A ratio of event counts, or one aggregate that takes its window from the call."""

    name: str
    span: Span
    of: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    min_samples: int = 1
    value: Aggregate | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """When a membership begins or ends: the condition must be definitely true for `hold` seconds."""

    when: Expr | None
    hold: float = 0.0
    hold_at: Span | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    span: Span
    enter: Edge
    exit: Edge
    title: str = ""
    owner: str = ""
    stale_after: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    event: str
    where: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Happens:
    """An event, maybe several times, maybe followed by the silence of others."""

    step: Step
    span: Span
    times: int = 1
    within: float = 0.0
    in_a_row: bool = False
    without: tuple[str, ...] = ()
    wait: float = 0.0
    keep_on_logout: bool = False
    same: str = ""


@dataclass(frozen=True, slots=True)
class InSequence:
    steps: tuple[Step, ...]
    within: float
    span: Span
    without: tuple[str, ...] = ()
    same: str = ""


@dataclass(frozen=True, slots=True)
class Holds:
    when: Expr
    span: Span
    wait: float = 0.0
    without: tuple[str, ...] = ()
    wait_at: Span | None = None


@dataclass(frozen=True, slots=True)
class Crosses:
    """`enters: SEGMENT` (entered is True) or `exits: SEGMENT`."""

    segment: str
    entered: bool
    span: Span


Trigger = Happens | InSequence | Holds | Crosses


@dataclass(frozen=True, slots=True)
class Pattern:
    name: str
    trigger: Trigger
    span: Span


@dataclass(frozen=True, slots=True)
class Offer:
    """An incentive: amount and currency of the bonus, how long it is valid (s), and the budget (amount, per seconds)."""

    bonus: float
    currency: str
    valid: float | None
    budget: float
    budget_per: float


@dataclass(frozen=True, slots=True)
class Clears:
    when: Expr
    within: float
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Nudge:
    """A nudge rule. Durations are in seconds, shares from 0 to 1. `sent`: where the names of its message or modules stand under `send`; `places`: its values."""

    name: str
    span: Span
    trigger: Trigger
    kind: str
    cooldown: float
    priority: int
    mode: str
    version: str
    message: str = ""
    best_of: tuple[str, ...] = ()
    sent: tuple[Span, ...] = ()
    condition: Expr | None = None
    args: Mapping[str, Expr] = field(default_factory=dict)
    offer: Offer | None = None
    max: tuple[int, float] | None = None
    urgent: bool = False
    about_order: bool = False
    hours: tuple[float, float] | None = None
    days: tuple[str, ...] = ()
    seats: Expr | None = None
    rollout: float = 1.0
    holdout: float = 0.0
    expires: str = ""
    valid_for: float | None = None
    clears: Clears | None = None
    goal: tuple[str, float] | None = None
    feeds: tuple[str, ...] = ()
    hypothesis: str = ""
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says in one language. `places`: where its parts stand; `span`: the language itself."""

    title: str
    body: str
    speak: str = ""
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)
    span: Span | None = None

    def parts(self) -> tuple[tuple[str, str], ...]:
        return ("title", self.title), ("body", self.body), ("speak", self.speak)

    def place(self, part: str, start: int, length: int) -> Span | None:
        """Where some characters of a part stand; all of the part where the file spells it otherwise, None where it is in no file."""
        span = self.places.get(part)
        at = span.file.text.find(getattr(self, part), span.start, span.end) if span is not None else -1
        return Span(span.file, at + start, at + start + length) if span is not None and at >= 0 else span


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    texts: Mapping[str, Text]
    span: Span


@dataclass(frozen=True, slots=True)
class Module:
    """An entry of the training catalogue; `titles` by language."""

    name: str
    titles: Mapping[str, str]
    minutes: float
    topics: tuple[str, ...]
    link: str
    span: Span


@dataclass(frozen=True, slots=True)
class Guard:
    """When a rule pauses itself: opt-outs as a share of those who were sent it, in so many seconds; of fewer than `min_partners` nothing is concluded."""

    opt_outs: tuple[float, float] = (0.05, 7 * 86_400.0)
    min_partners: int = 100


@dataclass(frozen=True, slots=True)
class Policy:
    quiet_hours: tuple[float, float] | None = None
    during_quiet: str = "drop"
    caps: tuple[tuple[int, float], ...] = ()
    never_while: str = ""
    holdout: float = 0.0
    max_share: tuple[float, float] | None = None
    guard: Guard = Guard()
    span: Span | None = None
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class TimelineTest:
    """An in-file test; its timeline stays YAML until it is run."""

    name: str
    body: YamlMapping
    span: Span


@dataclass(frozen=True)
class RuleSet:
    """One immutable set of definitions; `version` is a hash of all that can change a decision; `owners` says whose each file is.

    `paused`: nudge rules that are turned off beside the files: they are kept, and nothing of them is sent. `unread`: what would be said of the names of definitions that could not be read, if it were not their own fault; empty in a set that runs.
    """

    version: str
    places: Mapping[str, Places]
    metrics: Mapping[str, Metric]
    segments: Mapping[str, Segment]
    patterns: Mapping[str, Pattern]
    nudges: Mapping[str, Nudge]
    messages: Mapping[str, Message]
    modules: Mapping[str, Module]
    policy: Policy
    tests: tuple[TimelineTest, ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
