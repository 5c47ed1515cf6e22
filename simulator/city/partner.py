"""One partner at work: their state, and the small things they do, each of which makes events and takes time."""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from math import inf

import msgspec

from simulator.city.ground import Spot, zone_name
from simulator.city.guard import Guard
from simulator.city.pains import RULES, PainPoint
from simulator.city.people import Persona
from simulator.city.rides import Ride
from simulator.city.town import Town
from simulator.city.truth import Truth

SOURCE = "simulated"
TICK = 0.001  # s; no two events of a partner share a moment, so that no reader has to guess their order
NOISE = 4.0e-5  # degrees; GPS noise of up to 4 m
STANDING, MOVING = (20.0, 10.0), (10.0, 5.0)  # s between fixes: at least, and up to so many more
FEATURE_SHARE, MODULE_SHARE = 0.012, 0.003  # of the fixes of a waiting partner, how many come with one
FEATURES = ("heat_map", "stacking", "earnings_summary", "support_chat", "route_planner")
MODULES = ("accept_nearby_orders", "busy_hours", "food_handling", "polite_handover", "safe_riding", "order_stacking")

Event = tuple[float, str, bytes]
"""When it happened (s since the epoch), its type, its JSON."""
Events = Iterator[Event]
Fields = dict[str, object]


class Partner:
    """A partner's state. What returns events moves `now` on; times are seconds since the epoch."""

    def __init__(self, town: Town, index: int, persona: Persona, kind: PainPoint | None) -> None:
        self.town, self.persona, self.kind = town, persona, kind
        self.rng = town.rng(f"partner {index}")
        self.guard = Guard(new=persona.new)
        self.now = self.last = town.start
        self.spot = persona.home
        self.last_id = ""
        self.battery, self.delivered, self.used_planner = 100, 0, False
        self._learning: str | None = None
        self._learned: set[str] = set()
        self._number, self._orders = 0, 0
        self._fix_due = town.start
        self._prefix = f"{town.tag}-{index}-"
        self._fix_head = f'{{"type":"position","partner_id":"{persona.partner_id}","source":"{SOURCE}","event_id":"{self._prefix}'
        self._encode = msgspec.json.Encoder().encode
        self._later: list[tuple[float, int, str, Callable[[], Fields], Callable[[float], None] | None]] = []

    # -- events

    def emit(self, kind: str, /, **fields: object) -> Event:
        """An event of now; a field that is None is left out."""
        return self._event(self._tick(), kind, fields)

    def position(self, lat: float, lon: float, speed: float = 0.0, heading: float | None = None) -> Event:
        """A fix of now, with noise: degrees, m/s, degrees from north. Written out by hand, since most events are fixes."""
        at, random = self._tick(), self.rng.random
        lat += (random() + random() - 1.0) * NOISE
        lon += (random() + random() - 1.0) * NOISE
        self._number += 1
        facing = "" if heading is None else f',"heading":{heading:.1f}'
        text = (
            f'{self._fix_head}{self._number}","occurred_at":{at:.3f},"lat":{lat:.6f},"lon":{lon:.6f},'
            f'"accuracy":{3.0 + 15.0 * random():.1f},"speed":{speed:.2f}{facing},"zone":"{zone_name(lat, lon)}"}}'
        )
        return at, "position", text.encode()

    def here(self) -> Event:
        """A fix of a partner who stands still; the next one is due half a minute later."""
        event = self.position(self.spot.lat, self.spot.lon)
        self._fix_due = self.now + STANDING[0] + STANDING[1] * self.rng.random()
        return event

    def order_id(self) -> str:
        """The id of a new order."""
        self._orders += 1
        return f"{self._prefix}o{self._orders}"

    def _tick(self) -> float:
        self.now = self.last = at = max(round(self.now, 3), round(self.last + TICK, 3))
        return at

    def _event(self, at: float, kind: str, fields: Fields) -> Event:
        self._number += 1
        self.last_id = f"{self._prefix}{self._number}"
        event: Fields = {"type": kind, "partner_id": self.persona.partner_id, "source": SOURCE, "event_id": self.last_id, "occurred_at": at}
        event.update((name, value) for name, value in fields.items() if value is not None)
        return at, kind, self._encode(event)

    # -- what comes by itself

    def later(self, seconds: float, kind: str, fields: Callable[[], Fields], then: Callable[[float], None] | None = None) -> float:
        """An event of this type in so many seconds, whatever the partner does then. Returns when it is due.

        `fields` are drawn when it happens; `then` is told the time, with the event's id in `last_id`.
        """
        due = round(self.now + seconds, 3)
        self._number += 1
        heappush(self._later, (due, self._number, kind, fields, then))
        return due

    def forget_later(self, kind: str) -> None:
        """What was to come of this type does not come."""
        self._later = [coming for coming in self._later if coming[2] != kind]
        heapify(self._later)

    def merged(self, events: Events) -> Events:
        """The partner's own events, with those that come by themselves at their times, up to the end of the town."""
        before = self.town.start
        for event in events:
            yield from self._coming(before, event[0])
            yield event
            before = event[0]
        yield from self._coming(before, self.town.end)

    def _coming(self, after: float, until: float) -> Events:
        while self._later and (at := max(self._later[0][0], round(after + TICK, 3))) < until:
            _, _, kind, fields, then = heappop(self._later)
            yield self._event(at, kind, fields())
            if then is not None:
                then(at)
            after = at

    # -- small doings

    def wait(self, until: float) -> Events:
        """Stand still until a time, with a fix now and then, a look into the app, a lesson begun."""
        random = self.rng.random
        while self._fix_due < until:
            self.now = max(self.now, self._fix_due)
            yield self.here()
            chance = random()
            if chance < FEATURE_SHARE:
                yield self.feature(FEATURES[int(random() * len(FEATURES))])
            elif chance > 1.0 - MODULE_SHARE:
                yield from self._lesson()
        self.now = max(self.now, until)

    def ride(self, ride: Ride, until: float = inf) -> Events:
        """Ride to the goal, or until a time, with fixes on the way; the partner is then where they got to."""
        begin, random = self.now, self.rng.random
        arrival = begin + ride.duration
        stop = min(arrival, until)
        while (at := self.now + MOVING[0] + MOVING[1] * random()) < stop:
            self.now = at
            yield self.position(*ride.at(at - begin))
        self.now = self._fix_due = max(stop, begin)
        self.spot = ride.goal if stop == arrival else Spot(*ride.at(self.now - begin)[:2])

    def feature(self, feature: str) -> Event:
        """A feature of the app used a moment later."""
        self.now += 1.0 + 2.0 * self.rng.random()
        self.used_planner |= feature == "route_planner"
        return self.emit("feature_used", feature=feature)

    def _lesson(self) -> Events:
        """Begin the next module, and complete or dismiss it some minutes later."""
        open_modules = [module for module in MODULES if module not in self._learned]
        if self._learning is not None or not open_modules:
            return
        self._learning = module = self.rng.choice(open_modules)
        self.now += 1.0 + 2.0 * self.rng.random()
        yield self.emit("module_started", module=module)
        if self.rng.random() < 0.75:
            self._learned.add(module)
            self.later(self.rng.uniform(90, 300), "module_completed", lambda: self._close_lesson(score=self.rng.randint(50, 100)))
        else:
            self.later(self.rng.uniform(10, 120), "module_dismissed", self._close_lesson)

    def _close_lesson(self, **fields: object) -> Fields:
        module, self._learning = self._learning, None
        return {"module": module, **fields}

    # -- the truth

    def tell(self, kind: PainPoint, began: float, at: float, cause: list[str], order_id: str | None = None) -> None:
        """A pain point came about: the nudge is due at `at`."""
        truth = Truth(
            partner_id=self.persona.partner_id,
            pain_point=kind,
            rule=RULES[kind],
            began=began,
            at=round(at, 3),
            cause=tuple(cause),
            order_id=order_id,
        )
        self.town.truths.append(truth)

    @property
    def zone(self) -> str:
        return zone_name(*self.spot)

    @property
    def local(self) -> float:
        """Seconds on the partner's wall clock since midnight."""
        return self.town.clock.seconds(self.now)
