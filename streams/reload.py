"""Rule sets that change while events flow: read ahead, judged and compiled beside the stream, taken up by each partition at its place in event time.

All partitions of all workers meet a change at the same moment of event time. Which set a partition's states were made by stands in the mark of each
flush, so that who takes the partition over begins with that one, and meets what came after it again. A set that can't run is said and passed over:
what ran goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from events.errors import BadEvent, DeadLetterReason
from rulebook.loader import load_texts
from segments.warming import Begun
from streams.changes import FAMILY, place, product
from streams.errors import TopicFault
from streams.halting import resumed
from streams.judging import judged
from streams.lane.restored import Restored
from training_rules import Corridor, EngineOptions, Rules, compile_rules

if TYPE_CHECKING:
    from streams.plan import Plan

#: Compiled sets that are kept: of the changes that are under way, and a few more.
MOST = 8

log = logging.getLogger("nudgeline.worker")
Kept = dict[str, Any]


class Library:
    """All changes that are known, and the sets compiled from them; shared by the partitions of a worker. `first`: the set of the rule files; `read` gives all
    changes anew, `judge` says what is wrong with files."""

    def __init__(
        self, first: Rules, known: Sequence[Any] = (), *, read: Callable[[], Sequence[Any]] = list, judge: Callable[[dict[str, str]], str] = judged
    ) -> None:
        self._first, self._read, self._judge, self._product = first, read, judge, product()
        self._changes = {event.event_id: event for event in known}
        self._verdicts: dict[str, Future[str]] = {}
        self._compiled: OrderedDict[tuple[str, str], Future[Rules]] = OrderedDict()
        self._listeners: WeakSet[Listener] = WeakSet()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="rules")
        self.taken = self.refused = 0

    # -- a partition comes up

    async def at(self, restored: Restored) -> tuple[Rules, Kept | None]:
        """The set that a partition's states were made by, and what its listener is to know. Raises TopicFault where nobody knows it."""
        kept: Kept | None = restored.kept.get(FAMILY)
        if kept is None:
            return await self._begin(fresh=restored.highest_term == 0)
        if kept["change"] not in self._changes:  # another worker has met it before us
            self._changes |= {event.event_id: event for event in await asyncio.to_thread(self._read)}
        event = self._changes.get(kept["change"])
        if event is None:
            raise TopicFault(_lost(kept))
        rules = await asyncio.wrap_future(self._compile(event, _begun(kept["compiled"])))
        return replace(rules, own=_begun(kept["own"])), kept

    def begins(self, at: float = -inf) -> tuple[Rules, Kept | None]:
        """The set that history is begun with `at` (s), and what its listener is to know: the one that was in force then; before the first change that one, as in
        a partition of which there is no state; the files where none was ever put in force. Blocks."""
        known = sorted(self._changes.values(), key=place)
        for event in [*(e for e in reversed(known) if e.occurred_at <= at), *known[:1]]:
            if not self._verdict(event).result():
                begun = Begun()
                return self._compile(event, begun).result(), {"change": event.event_id, "compiled": _packed(begun), "own": _packed(begun)}
        return self._first, None

    def made(self, beside: Mapping[str, Any]) -> Rules:
        """The set that states were made by, by what the listeners kept beside them; the files' where that is nothing, or where only they count. Blocks. Raises
        TopicFault where nobody knows it."""
        kept = beside.get(FAMILY)
        if kept is None or not self._changes:
            return self._first
        if (event := self._changes.get(kept["change"])) is None:
            raise TopicFault(_lost(kept))
        return replace(self._compile(event, _begun(kept["compiled"])).result(), own=_begun(kept["own"]))

    @property
    def changes(self) -> list[Any]:
        """All that are known."""
        return list(self._changes.values())

    def judged(self, event: Any) -> None:
        """Wait until a change is judged."""
        self._verdict(event).result()

    async def _begin(self, *, fresh: bool) -> tuple[Rules, Kept | None]:
        """Where nothing was changed yet the files say what runs; a partition of which there is no state begins with the first set that was ever put in force."""
        event = next(iter(self._changes.values()), None)
        if event is None or not fresh or await asyncio.wrap_future(self._verdict(event)):
            return self._first, None
        begun = Begun()
        return await asyncio.wrap_future(self._compile(event, begun)), {"change": event.event_id, "compiled": _packed(begun), "own": _packed(begun)}

    # -- a change is on its way

    def heard(self, event: Any) -> None:
        """A change was read in some partition: it is judged, and compiled for whoever is likely to take it up next."""
        self._changes.setdefault(event.event_id, event)
        self._verdict(event)
        for listener in self._listeners:
            listener.prepare(event)

    def listener(self, corridor: Corridor, kept: Kept | None) -> Listener:
        found = Listener(self, corridor, kept, self._changes.get(kept["change"]) if kept is not None else None)
        self._listeners.add(found)
        return found

    def live_since(self, event: Any) -> dict[str, float]:
        """When rules that had been paused went on, as of a change."""
        return resumed(sorted((e for e in self._changes.values() if place(e) <= place(event)), key=place))

    def prepared(self, event: Any, current: Rules) -> Future[Rules] | None:
        """The set of a change, to take the place of another; None as long as it is not judged. What is wrong with it is raised by its `result`."""
        verdict = self._verdict(event)
        if not verdict.done():
            return None
        if said := verdict.result():
            bad: Future[Rules] = Future()
            bad.set_exception(BadEvent(DeadLetterReason.BAD_RULES, said))
            return bad
        return self._compile(event, current.succeeded(event.occurred_at))

    def _verdict(self, event: Any) -> Future[str]:
        """What is wrong with a set. Whom our own version judged before it was written is not judged again; others are by a process of its own, once."""
        if event.event_id not in self._verdicts:
            self._verdicts[event.event_id] = _fine() if event.judged_by == self._product else self._pool.submit(self._judge, event.files)
        return self._verdicts[event.event_id]

    def _compile(self, event: Any, begun: Begun) -> Future[Rules]:
        """In a thread, once for all partitions in which the same went before."""
        key = event.event_id, repr(_packed(begun))
        if key not in self._compiled:
            self._compiled[key] = self._pool.submit(compiled, event, replace(self._first.options, begun=begun))
            while len(self._compiled) > MOST:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]


def _lost(kept: Kept) -> str:
    return f"partners' states were made by the change {kept['change']}, which the topic of rules does not have (any more); restore the topic"


def _fine() -> Future[str]:
    found: Future[str] = Future()
    found.set_result("")
    return found


async def begin(plan: Plan, restored: Restored) -> tuple[Rules, Mapping[str, Any]]:
    """The rules that a partition begins with, and what its listeners are to know."""
    library = plan.broadcasts.get(FAMILY)
    if not isinstance(library, Library):
        return plan.rules, restored.kept
    rules, kept = await library.at(restored)
    return rules, {**restored.kept, FAMILY: kept}


def rule_sets(plan: Plan) -> dict[str, int]:
    """How many changes of the rule set the partitions took up, and refused, since the worker began."""
    library = plan.broadcasts.get(FAMILY)
    return {"taken": library.taken, "refused": library.refused} if isinstance(library, Library) else {}


def compiled(event: Any, options: EngineOptions) -> Rules:
    """The rule set of a change. Raises BadEvent where it can't be compiled."""
    try:
        return compile_rules(load_texts(event.files, paused=event.paused)[0], options)
    except Exception as e:
        raise BadEvent(DeadLetterReason.BAD_RULES, f"{type(e).__name__}: {e}") from e


def last_set(changes: Sequence[Any], options: EngineOptions) -> Rules | None:
    """The last of the sets that can be compiled; none is judged."""
    for event in reversed(changes):
        with suppress(BadEvent):
            return compiled(event, options)
    return None


class Listener:
    """Takes up the changes of one partition. All that came before one is written out and committed before it, and it before anything that comes after."""

    settles = True

    def __init__(self, library: Library, corridor: Corridor, kept: Kept | None, current: Any) -> None:
        self._library, self._corridor, self._kept = library, corridor, kept
        self._last = place(current) if current is not None else None
        if current is not None:
            corridor.house.live_since = library.live_since(current)

    def prepare(self, event: Any) -> None:
        """Begin to compile what comes next, if it is likely to."""
        if not self._passes(event):
            self._library.prepared(event, self._corridor.rules)

    def ready(self, event: Any) -> bool:
        """Whether it is judged and compiled, or passed over."""
        if self._passes(event):
            return True
        found = self._library.prepared(event, self._corridor.rules)
        return found is not None and found.done()

    def wait(self, event: Any) -> None:
        """Until it is judged: for one who has nothing else to do. `apply` then waits until it is compiled."""
        if not self._passes(event):
            self._library.judged(event)

    def apply(self, event: Any) -> Sequence[Any]:
        """Raises BadEvent for a set that can't run: what ran goes on."""
        if self._passes(event):
            return ()
        found = self._library.prepared(event, self._corridor.rules)
        assert found is not None
        self._last = place(event)
        try:
            rules = found.result()
        except BadEvent as bad:
            self._library.refused += 1
            log.error("rule set %s is refused, %s runs on: %s", event.version, self._corridor.rules.version, bad.detail)  # noqa: TRY400 - an alert
            raise
        self._take(event, rules)
        return ()

    def _take(self, event: Any, rules: Rules) -> None:
        self._corridor.change(rules)
        self._corridor.house.live_since = self._library.live_since(event)
        taken = self._corridor.rules
        self._kept = {"change": event.event_id, "compiled": _packed(_short(rules, rules.options.begun)), "own": _packed(_short(rules, taken.moments))}
        self._library.taken += 1
        log.info("partition %d: rule set %s runs from %.3f on", self._corridor.house.part, taken.version, event.occurred_at)

    def _passes(self, event: Any) -> bool:
        """Whether it is none that comes after the last: it was met before, or two were written at once, and in this partition the later one came first."""
        return self._last is not None and place(event) <= self._last

    def kept(self) -> Kept | None:
        return self._kept


def _short(rules: Rules, begun: Begun) -> Begun:
    """The same for the slots and timers that the rules have."""
    return begun.of((*rules.slot_ids, *rules.timer_ids))


def _packed(begun: Begun) -> list[Any]:
    return [begun.since, dict(begun.slots), begun.others, dict(begun.stretched)]


def _begun(packed: Sequence[Any]) -> Begun:
    return Begun(*packed)
