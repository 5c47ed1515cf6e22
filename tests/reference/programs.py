"""Random rule sets, as YAML text, and random timelines. `r` draws: `random.Random`, or hypothesis's, which also shrinks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from events.structs import BROADCAST_STRUCTS, STRUCTS

START = 1_772_445_600.0  # Monday 2026-03-02 10:00 UTC
DST_NIGHT = 1_774_735_200.0  # Saturday 2026-03-28 22:00 UTC: four hours on, clocks in Berlin go forward
NUMERIC = {
    "order_offered": "pay", "order_rejected": "pay", "rating_received": "stars", "earning_posted": "amount", "order_delivered": "minutes",
    "module_completed": "score",
}  # fmt: skip
COUNTED = (*NUMERIC, "order_accepted", "feature_used", "logged_in", "order_cancelled")
WINDOWS = ("5m", "20m", "2h", "1d", "2d", "3d", "today", "session", "life", "last 2", "last 3")
OF_ORDERS = ("order_offered", "order_accepted", "arrived_at_restaurant", "order_cancelled", "order_delivered")
SPANS = ("1m", "5m", "10m", "30m", "2h")
CURRENCIES = ("INR", "USD")
MODULES, FEATURES, ZONES = ("first_day", "soft_skills"), ("map", "stacking"), ("north", "south")
EVENTS = (
    "position", "position", "logged_in", "logged_in", "logged_out", "order_offered", "order_offered", "order_accepted", "order_accepted",
    "order_rejected", "order_rejected", "arrived_at_restaurant", "arrived_at_restaurant", "order_picked_up", "order_delivered", "order_delivered",
    "order_cancelled", "rating_received", "rating_received", "earning_posted", "module_completed", "feature_used", "opted_out",
)  # fmt: skip
#: One long timeline in so many holds hundreds of events of one kind. (Drawn in the middle of a range: hypothesis likes its ends.)
BURSTS = 30
GAPS = (0, 0, 1, 30, 60, 60, 120, 300, 299.5, 600, 1200, 3600)
HEAD = """version: 1
places:
  spots:
    - {name: A, at: [12.9352, 77.6245]}
    - {name: B, at: [12.9500, 77.6245]}
  centre:
    - {name: C, ring: [[12.93, 77.62], [12.93, 77.63], [12.94, 77.63], [12.94, 77.62]]}
metrics:
  acceptance: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 2}
  stars: {value: avg(rating_received.stars)}
modules:
  first_day: {title: First day, minutes: 3, topics: [start], link: "app://first_day", hi: Pehla din}
  soft_skills: {title: Soft skills, minutes: 3, topics: [talk], link: "app://soft_skills"}
messages:
  plain: {en: {title: Hello, body: A nudge.}, hi: {title: Namaste, body: Suno.}}
  named: {en: {title: Hello, body: "{first_name}: {orders_accepted_today} and {n}"}}
"""


class Program:
    """One random rule set; `text` is YAML."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.segments = [f"seg_{i}" for i in range(r.randint(0, 3))]
        self.order = r.sample(self.segments, len(self.segments))
        self.patterns = [f"pat_{i}" for i in range(r.randint(0, 2))]
        self.nudges = [f"nudge_{i}" for i in range(r.randint(1, 3))]
        self.visible: list[str] = []
        self.crowded = self.chance(0.25)
        self.events = COUNTED
        self.of_orders = OF_ORDERS
        self.text = HEAD + self.sections()

    def chance(self, share: float) -> bool:
        return self.r.random() < share

    def sections(self) -> str:
        bodies = {}
        for name in self.order:
            bodies[name] = self.segment()
            self.visible.append(name)
        text = "".join(["segments:\n", *(f"  {name}: {bodies[name]}\n" for name in self.segments)]) if self.segments else ""
        patterns = []
        for name in self.patterns:
            trigger = self.trigger(pattern=True)
            patterns.append(f"  {name}: {trigger}\n")
            self.events = (*self.events, name)
            if "same: order_id" in trigger:
                self.of_orders = (*self.of_orders, name, name)
        text += "".join(["patterns:\n", *patterns]) if patterns else ""
        return text + "nudges:\n" + "".join(self.nudge(name) for name in self.nudges) + self.policy()

    # -- expressions

    def condition(self, depth: int = 2) -> str:
        kind = self.r.choice(("leaf", "leaf", "and", "or", "not")) if depth else "leaf"
        match kind:
            case "leaf":
                return self.leaf()
            case "not":
                return f"not ({self.condition(depth - 1)})"
            case _:
                return f"({self.condition(depth - 1)} {kind} {self.condition(depth - 1)})"

    def leaf(self) -> str:
        r, sign = self.r, self.r.choice(("<", "<=", ">", ">=", "==", "!="))
        order = r.choice(("<", "<=", ">", ">="))
        if self.crowded and self.chance(0.5):
            return self.of_all()
        leaves = [
            lambda: f"{self.number()} {sign} {r.randint(0, 3)}",
            lambda: f"{self.number()} {sign} {r.randint(0, 3)}",
            lambda: f"{self.count()} + {r.randint(1, 2)} * {self.count()} {order} {r.randint(1, 5)}",
            lambda: f"acceptance({self.window()}) {order} {r.choice((40, 50, 60))}%",
            lambda: f"stars({self.window()}) {order} {r.randint(2, 4)}",
            lambda: r.choice(("online", "on_order", "riding")),
            lambda: f"{r.choice(('tenure', 'tenure', 'online_today'))} {order} {r.choice(('30m', '2h', '10h', '30d'))}",
            lambda: f"distance_to(spots) {order} {r.choice(('0.5km', '1km', '2km'))}",
            lambda: r.choice((f'nearest(spots) {r.choice(("==", "!="))} "A"', "inside(centre)")),
            lambda: r.choice((f'zone {r.choice(("==", "!="))} "north"', 'home_zone == "south"', 'zone in ("north" | "south")', f"speed {order} 4", f"rating {order} 3")),
            lambda: f"local_time() {r.choice(('<', '>='))} {r.choice(('02:30', '10:30', '17:00', '23:15'))}",
            lambda: r.choice((f"completed({r.choice(MODULES)})", f"used({r.choice(FEATURES)})", 'zone_demand == "high"', f"modules_completed {order} 1")),
            lambda: f"{self.money()} {order} {r.randint(1, 4)} {r.choice(CURRENCIES)}",
            lambda: f"segment.{r.choice(self.visible)}" if self.visible else "online",
        ]
        return r.choice(leaves)()

    def of_all(self) -> str:
        """What partners make together."""
        r = self.r
        demand = r.choice(('zone_demand == "high"', 'zone_demand != "low"', 'zone_demand in ("low" | "high")', "zone_gap >= 1"))
        rank = f"cohort_pct({r.choice(('acceptance', 'stars'))}({self.window()}) by {r.choice(('zone', 'zone', 'language'))})"
        return r.choice((demand, demand, f"{rank} {r.choice(('<', '<=', '>', '>='))} {r.choice((25, 50, 75))}%"))

    def number(self) -> str:
        r = self.r
        if self.chance(0.5):
            return self.count()
        event, function = r.choice(tuple(NUMERIC)), r.choice(("sum", "avg", "min", "max", "last", "distinct", "p50", "p90"))
        return f"{function}({event}.{NUMERIC[event]}{self.where(event)} over {self.window()})"

    def money(self) -> str:
        event = self.r.choice(("earning_posted", "order_offered"))
        function = self.r.choice(("sum", "avg", "max", "last"))
        return self.r.choice(("earnings_today", f"{function}({event}.{NUMERIC[event]} over {self.window()})"))

    def count(self) -> str:
        event = self.r.choice(self.events)
        return f"count({event}{self.where(event)} over {self.window()})"

    def where(self, event: str) -> str:
        """A condition on the event's own field, now and then."""
        return f" where {self.own_field(event)}" if event in NUMERIC and self.chance(0.4) else ""

    def own_field(self, event: str) -> str:
        currency = f" {self.r.choice(CURRENCIES)}" if NUMERIC[event] in ("pay", "amount") and self.chance(0.5) else ""
        return f"{NUMERIC[event]} {self.r.choice(('<=', '>', '!='))} {self.r.randint(1, 4)}{currency}"

    def window(self) -> str:
        return self.r.choice(WINDOWS)

    def span(self) -> str:
        return self.r.choice(SPANS)

    # -- definitions

    def segment(self) -> str:
        if self.chance(0.35):
            return f"{{when: '{self.condition()}'}}"
        enter = f"enter: {{when: '{self.condition()}'{self.hold(0.5)}}}"
        leave = f", exit: {{when: '{self.condition()}'{self.hold(0.5)}}}" if self.chance(0.5) else f", exit: {{for: {self.span()}}}" if self.chance(0.5) else ""
        return "{" + enter + leave + (f", stale_after: {self.span()}" if self.chance(0.2) else "") + "}"

    def hold(self, share: float) -> str:
        return f", for: {self.span()}" if self.chance(share) else ""

    def trigger(self, *, pattern: bool = False) -> str:
        r = self.r
        kind = r.choice(("once", "times", "row", "wait", "wait", "sequence", "sequence", "holds", "holds", *(("crosses",) if self.segments and not pattern else ())))
        event = r.choice(self.events)
        where = f", where: '{self.field_condition(event)}'" if self.chance(0.5) else ""
        match kind:
            case "once":
                return f"{{happens: {event}{where}}}"
            case "times":
                same = ", same: tags" if event == "rating_received" else ", same: order_id" if event in self.of_orders and self.chance(0.5) else ""
                return f"{{happens: {event}{where}, times: {r.randint(1, 3)}, within: {self.span()}{same}}}"
            case "row":
                return f"{{happens: {event}{where}, times: {r.randint(2, 3)}, in_a_row: true}}"
            case "wait":
                return self.wait()
            case "sequence":
                return self.sequence()
            case "holds":
                without = f", without: {r.choice(COUNTED)}" if self.chance(0.3) else ""
                return f"{{holds: '{self.condition()}'" + (f", for: {self.span()}{without}}}" if without or self.chance(0.7) else "}")
            case _:
                return f"{{{r.choice(('enters', 'exits'))}: {r.choice(self.segments)}}}"

    def field_condition(self, event: str) -> str:
        if event in NUMERIC and self.chance(0.6):
            return self.own_field(event)
        return self.condition(1)

    def wait(self) -> str:
        r = self.r
        if self.chance(0.5):
            ends = r.sample(sorted({"order_picked_up", "order_cancelled", *self.of_orders[len(OF_ORDERS) :]}), r.randint(1, 2))
            start, same = r.choice(("arrived_at_restaurant", *self.of_orders[len(OF_ORDERS) :])), ", same: order_id"
        else:
            start, ends, same = r.choice(self.events), r.sample(COUNTED, r.randint(1, 2)), ""
        times = f", times: 2, within: {self.span()}" if self.chance(0.2) else ""
        keep = ", keep_on_logout: true" if self.chance(0.3) else ""
        where = f", where: '{self.field_condition(start)}'" if self.chance(0.3) else ""
        return f"{{happens: {start}{where}{times}, without: [{', '.join(ends)}], for: {self.span()}{same}{keep}}}"

    def sequence(self) -> str:
        r, of_orders = self.r, self.chance(0.5)
        pool = self.of_orders if of_orders else self.events
        events = [r.choice(pool) for _ in range(r.randint(2, 3))]
        steps = ", ".join(f"{{happens: {e}" + (f", where: '{self.field_condition(e)}'" if self.chance(0.3) else "") + "}" for e in events)
        without = f", without: {r.choice(pool if of_orders else COUNTED)}" if self.chance(0.3) else ""
        return f"{{sequence: [{steps}], within: {self.span()}{without}{', same: order_id' if of_orders else ''}}}"

    def nudge(self, name: str) -> str:
        r = self.r
        keys = {"trigger": self.trigger(), "kind": "tip", "cooldown": r.choice(("0s", "0s", "5m", "1h")), "priority": str(r.randint(1, 3))}
        keys["mode"] = r.choice(("live", "live", "live", "shadow"))
        keys["send"] = r.choice(("plain", "plain", "named", "{best_of: [first_day, soft_skills]}"))
        if keys["send"] == "named":
            keys["args"] = f"{{n: '{self.count()}'}}"
        optional = {
            "if": lambda: f"'{self.condition(1)}'", "max": lambda: f"{r.randint(1, 2)} per 2h", "urgent": lambda: "true", "about_order": lambda: "true",
            "hours": lambda: r.choice(("10:00-11:30", "22:00-02:30")), "days": lambda: "[mon, sun]", "rollout": lambda: "50%", "holdout": lambda: "30%",
            "expires": lambda: "2026-03-02", "valid_for": lambda: r.choice(("10m", "12h")), "seats": lambda: r.choice(("1", "1", "zone_gap", "zone_gap", "orders_accepted_today")),
            "offer": lambda: "{bonus: 40 INR, valid: 2h, budget: 100 INR per 2h}", "clears": lambda: self.clears(name),
        }  # fmt: skip
        for key, text in optional.items():
            if self.chance(0.12 if key != "clears" else 0.3):
                keys[key] = text()
        return f"  {name}:\n" + "".join(f"    {key}: {text}\n" for key, text in keys.items())

    def clears(self, name: str) -> str:
        after = self.nudges[self.nudges.index(name) + 1 :]
        later = f", else: {self.r.choice(after)}" if after and self.chance(0.5) else ""
        return f"{{when: '{self.condition(1)}', within: {self.span()}{later}}}"

    def policy(self) -> str:
        r, keys = self.r, {}
        if self.chance(0.4):
            keys = {"quiet_hours": r.choice(("22:30-06:30", "10:10-11:00", "02:15-03:30")), "during_quiet": r.choice(("drop", "queue_latest"))}
        if self.chance(0.3):
            keys["caps"] = f"[{r.randint(1, 2)} per 20m, 3 per 1d]"
        if self.chance(0.3):
            keys["never_while"] = r.choice(("riding", "on_order"))
        if self.chance(0.2):
            keys["holdout"] = "30%"
        return "policy: {" + ", ".join(f"{k}: {v}" for k, v in keys.items()) + "}\n" if keys else ""


@dataclass(frozen=True)
class Timeline:
    """Events in the order of their coming; before those whose numbers are in `restarts`, states go through a snapshot."""

    events: tuple[Any, ...]
    restarts: frozenset[int]
    end: float


def timeline(r: Random, longest: int = 30) -> Timeline:
    """Two partners; some events late, some sent twice, some too late for anything."""
    start = r.choice((START, START, DST_NIGHT))
    zone = "Europe/Berlin" if start == DST_NIGHT else r.choice(("Asia/Kolkata", "UTC"))
    t, sent = start, [_profile(r, partner, start, zone) for partner in ("p", "q")]
    arrivals = [(start - 1 + i / 10, e) for i, e in enumerate(sent)]
    for number in range(r.randint(1, longest)):
        if r.randint(1, BURSTS * longest) == 11 * longest:
            t = _burst(r, t, number, arrivals)
        t += r.choice(GAPS)
        e = _event(r, r.choice(EVENTS), r.choice(("p", "p", "q")), t, number)
        delay = r.choice((1, 45, 100, 119, 400)) if e.type not in ("logged_in", "logged_out") and r.random() < 0.15 else 0
        arrivals.append((t + delay, e))
        if r.random() < 0.1:
            arrivals.append((t + delay + r.choice((0, 20, 110)), e))
    arrivals += [(at + r.choice((0, 0, 0, 1, 70)), e) for at, e in _figures(r, start, t)]
    order = sorted(range(len(arrivals)), key=lambda i: (arrivals[i][0], i))
    events = tuple(arrivals[i][1] for i in order)
    restarts = frozenset(r.randint(1, len(events)) for _ in range(r.randint(0, 2)))
    return Timeline(events, restarts, t + r.choice((60, 7200, 90_000)))


def _burst(r: Random, start: float, number: int, arrivals: list[tuple[float, Any]]) -> float:
    """So many events of one kind that a long window is no longer exact; a few come late. Returns when the last one happened."""
    kind, partner = r.choice(tuple(NUMERIC)), r.choice(("p", "q"))
    t, gap = start, r.choice((1, 30, 700))
    for i in range(r.choice((255, 270, 400))):
        t += gap
        arrivals.append((t + r.choice((0,) * 20 + (70,)), _event(r, kind, partner, t, f"{number}-{i}")))
    return t


def announced(text: str, events: tuple[Any, ...]) -> tuple[Any, ...]:
    """The figures of cohorts named as the rules of this text spell them: they are drawn before anybody knows the rules."""
    names = sorted(set(re.findall(r"cohort_pct\([^)]*\([^)]*\) by \w+\)", text)))
    return tuple(_named(e, names) for e in events if e.type != "cohort_figures" or names)


def _named(e: Any, names: list[str]) -> Any:
    return e if e.type != "cohort_figures" else msgspec.structs.replace(e, cohort=names[int(e.cohort) % len(names)])


def _figures(r: Random, start: float, end: float) -> Iterator[tuple[float, Any]]:
    """What is found of zones and cohorts, from time to time; some of it twice, or by one who was slow."""
    at = start
    for number in range(r.choice((0, 0, 3, 12))):
        at += r.choice((0, 30, 60, 250, 400, max(1.0, (end - start) / 8)))
        of = at - r.choice((5, 5, 5, 60, 400))
        if r.random() < 0.5:
            level, gap = r.choice((None, "low", "normal", "high", "high")), r.choice((None, 0, 1, 2))
            e = BROADCAST_STRUCTS["zone_figures"](
                event_id=f"z{number}", occurred_at=at, at=of, zone=r.choice(ZONES), offers=3, online=2, level=level, gap=gap, shares=r.choice(([], [2])), shares_at=of,
            )  # fmt: skip
        else:
            quantiles = sorted(r.choice((0.0, 0.25, 0.5, 0.5, 0.75, 1.0, 3.0, 4.0)) for _ in range(5))
            e = BROADCAST_STRUCTS["cohort_figures"](
                event_id=f"c{number}", occurred_at=at, at=of, cohort=str(r.randint(0, 9)), value=r.choice((*ZONES, "en")), partners=r.choice((19, 20, 40)), quantiles=quantiles,
            )  # fmt: skip
        yield at, e


def _profile(r: Random, partner: str, at: float, zone: str) -> Any:
    fields = {"time_zone": zone, "joined_on": r.choice((None, "2026-03-02", "2026-02-01")), "language": r.choice((None, "en", "hi")), "zone": r.choice((None, "south"))}
    fields |= {"first_name": r.choice((None, "Asha")), "consent": r.choice((None, True, True, False))}
    return STRUCTS["profile_updated"](event_id=f"profile-{partner}", partner_id=partner, occurred_at=at, **fields)


def _event(r: Random, kind: str, partner: str, t: float, number: object) -> Any:
    order = f"o{r.randint(1, 3)}"
    fields: dict[str, Any] = {}
    match kind:
        case "position":
            fields = {"lat": r.choice((12.9352, 12.9400, 12.9480, 12.99)), "lon": r.choice((77.6245, 77.63)), "speed": r.choice((None, 0.0, 5.0)), "zone": r.choice((None, *ZONES))}
        case "logged_in":
            fields = {"zone": r.choice((None, *ZONES))}
        case "order_offered" | "order_rejected":
            fields = {"order_id": order, "pay": r.choice((None, 1.0, 2.0, 5.0))}
            fields |= {"currency": r.choice((None, *CURRENCIES))} if kind == "order_offered" else {}
        case "order_delivered":
            fields = {"order_id": order, "minutes": r.choice((None, 2.0, 40.0))}
        case "rating_received":
            fields = {"order_id": order, "stars": r.randint(1, 5), "tags": r.choice((None, ["late"], ["cold", "late"]))}
        case "earning_posted":
            fields = {"amount": float(r.randint(1, 4)), "currency": r.choice(CURRENCIES), "kind": "order"}
        case "module_completed":
            fields = {"module": r.choice(MODULES), "score": r.choice((None, 2.0, 80.0))}
        case "feature_used":
            fields = {"feature": r.choice(FEATURES)}
        case "opted_out":
            fields = {"rule": r.choice(("nudge_0", "other"))}
        case "logged_out":
            pass
        case _:
            fields = {"order_id": order}
    return STRUCTS[kind](event_id=f"e{number}", partner_id=partner, occurred_at=t, **fields)


