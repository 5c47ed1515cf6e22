"""Rule sets about silences and work-safe delivery, and timelines of partners at work whose events come late: what `programs` rarely comes to."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.reference.agreement import passes
from tests.reference.programs import START, Timeline, _event, _profile

KINDS = (
    "arrived_at_restaurant", "arrived_at_restaurant", "order_picked_up", "order_picked_up", "order_cancelled", "order_accepted", "order_delivered", "order_delivered",
    "order_offered", "position", "position", "logged_in", "logged_out", "rating_received",
)  # fmt: skip
DELAYS, GAPS = (1, 20, 45, 90, 119, 121), (0, 5, 20, 50, 100, 300)
TRIGGERS = (
    "{happens: arrived_at_restaurant, without: [order_picked_up, order_cancelled], for: SPAN, same: order_idKEEP}",
    "{happens: arrived_at_restaurant, without: order_picked_up, for: SPANKEEP}",
    "{happens: order_offered, times: 2, within: 10m, without: order_accepted, for: SPANKEEP}",
    "{happens: rating_received, without: rating_received, for: SPAN, same: tagsKEEP}",
    "{holds: online, for: SPAN, without: order_offered}", "{holds: not on_order, for: SPAN, without: [order_cancelled, position]}",
    "{holds: on_order}", "{enters: there}", "{happens: order_offered}",
)  # fmt: skip


def drawn(r: Random) -> tuple[str, Timeline]:
    while not passes(text := _rules(r)):
        continue
    return text, _timeline(r)


def _rules(r: Random) -> str:
    nudges = "".join(_nudge(r, f"nudge_{number}") for number in range(r.randint(1, 4)))
    quiet = ", quiet_hours: '10:10-10:20', during_quiet: queue_latest" if r.random() < 0.2 else ""
    caps = ", caps: [2 per 20m]" if r.random() < 0.3 else ""
    policy = f"policy: {{never_while: {r.choice(('riding', 'on_order'))}{caps}{quiet}, holdout: 20%}}\n" if r.random() < 0.8 else ""
    return f"version: 1\nsegments:\n  there: {{when: on_order or speed > 4}}\nnudges:\n{nudges}messages:\n  plain: {{en: {{title: A, body: B}}}}\n{policy}"


def _nudge(r: Random, name: str) -> str:
    keep = ", keep_on_logout: true" if r.random() < 0.3 else ""
    trigger = r.choice(TRIGGERS).replace("SPAN", r.choice(("1m", "90s", "3m"))).replace("KEEP", keep)
    keys = {"trigger": trigger, "send": "plain", "kind": "tip", "cooldown": r.choice(("0s", "0s", "5m", "1h")), "priority": r.randint(1, 3)}
    keys["mode"] = r.choice(("live", "live", "live", "shadow"))
    optional = {
        "valid_for": r.choice(("1m", "10m")), "about_order": "true", "holdout": "40%", "seats": "1", "max": "1 per 30m", "if": "not on_order",
        "offer": "{bonus: 40 INR, valid: 2h, budget: 80 INR per 2h}", "clears": "{when: speed > 4, within: 10m}",
    }  # fmt: skip
    keys |= {key: text for key, text in optional.items() if r.random() < 0.15}
    return f"  {name}:\n" + "".join(f"    {key}: {text}\n" for key, text in keys.items())


def _timeline(r: Random) -> Timeline:
    t, arrivals = START, list[tuple[float, Any]]()
    for number, partner in enumerate(("p", "q")):
        arrivals.append((START - 1 + number / 10, _profile(r, partner, START, "UTC")))
    for number in range(r.randint(10, 50)):
        t += r.choice(GAPS)
        delay = r.choice(DELAYS) if r.random() < 0.25 else 0
        arrivals.append((t + delay, _event(r, r.choice(KINDS), r.choice(("p", "p", "q")), t, number)))
        if r.random() < 0.3:
            arrivals += _broken(r, t, number)
    order = sorted(range(len(arrivals)), key=lambda i: (arrivals[i][0], i))
    events = tuple(arrivals[i][1] for i in order)
    return Timeline(events, frozenset(r.randint(1, len(events)) for _ in range(r.randint(0, 2))), t + r.choice((60, 7200)))


def _broken(r: Random, t: float, number: int) -> list[tuple[float, Any]]:
    """A silence that was none, as is known late."""
    start, end = r.choice((("arrived_at_restaurant", "order_picked_up"), ("arrived_at_restaurant", "logged_out"), ("logged_in", "order_offered"), ("rating_received",) * 2))
    ended, who = t + r.choice((30, 50, 59, 60, 80)), r.choice(("p", "q"))
    return [(t, _event(r, start, who, t, f"{number}-start")), (ended + r.choice((20, 45, 90, 119)), _event(r, end, who, ended, f"{number}-end"))]
