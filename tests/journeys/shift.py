"""A seeded shift of couriers for journeys, and what must come of it: the same events through the core, in memory, partition by partition."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.partitioner import murmur2

from events import FAMILIES
from events.decode import Decoder
from simulator.sender import Sender
from streams.plan import ORDER
from streams.settings import Settings
from training_rules import Corridor, Rules, load_rules

START = 1_760_000_000.0
FAMILY_OF = {kind: f.name for f in FAMILIES.values() for kind in f.types}
RULES = Path(__file__).with_name("rules") / "shift.yaml"


@dataclass
class Truth:
    """States by partner as plain data, and ids of nudges."""

    states: dict[str, Any] = field(default_factory=dict)
    nudge_ids: set[str] = field(default_factory=set)


def rules() -> Rules:
    return load_rules(RULES)


def shift(events: int, partners: int, seed: int = 1, start: float = START) -> Iterator[dict[str, Any]]:
    """Events in order of time, no two at the same moment, of all the families that couriers make."""
    rnd, orders, at = random.Random(seed), {}, start  # type: random.Random, dict[str, list[Any]], float
    for number in range(events):
        at += rnd.uniform(0.001, 60.0 / partners)
        who = f"P{rnd.randrange(partners):05d}"
        yield {"event_id": f"E{seed}-{number}", "partner_id": who, "occurred_at": round(at, 6), **_one(rnd, orders.setdefault(who, [0, 0]))}


def _one(rnd: random.Random, order: list[Any]) -> dict[str, Any]:
    kind = rnd.choices(("position", "order", "rating_received", "feature_used", "logged_in", "earning_posted"), (50, 30, 8, 5, 4, 3))[0]
    order_id = f"O{order[1]}"
    match kind:
        case "position":
            return {"type": kind, "lat": round(12.9 + rnd.random() * 0.2, 6), "lon": round(77.5 + rnd.random() * 0.2, 6)}
        case "order":
            return _next_step(rnd, order, order_id)
        case "rating_received":
            return {"type": kind, "order_id": order_id, "stars": rnd.randint(1, 5)}
        case "feature_used":
            return {"type": kind, "feature": rnd.choice(("route_planner", "heat_map"))}
        case "earning_posted":
            return {"type": kind, "amount": round(rnd.uniform(20, 90), 2), "currency": "INR", "kind": "order"}
        case _:
            return {"type": rnd.choice(("logged_in", "logged_in", "logged_out"))}


def _next_step(rnd: random.Random, order: list[Any], order_id: str) -> dict[str, Any]:
    steps = ("order_offered", "order_accepted", "arrived_at_restaurant", "order_picked_up", "order_delivered")
    kind = steps[order[0]]
    if kind == "order_accepted" and rnd.random() < 0.4:
        kind = "order_rejected"
    done = kind in ("order_rejected", "order_delivered")
    order[0], order[1] = (0, order[1] + 1) if done else (order[0] + 1, order[1])
    return {"type": kind, "order_id": order_id}


def send(settings: Settings, events: Iterable[dict[str, Any]], flush_every: int = 5000) -> None:
    """To the topics, as producers would: keyed by partner, Java's partitioner."""
    asyncio.run(_send(settings, events, flush_every))


async def _send(settings: Settings, events: Iterable[dict[str, Any]], flush_every: int, pause: float = 0.0) -> None:
    async with Sender(settings) as sender:
        for number, event in enumerate(events, 1):
            sender.add(FAMILY_OF[event["type"]], event["partner_id"].encode(), msgspec.json.encode(event))
            if not number % flush_every:
                await sender.flush()
                await asyncio.sleep(pause)


def truth(settings: Settings, events: Sequence[dict[str, Any]]) -> Truth:
    """What an undisturbed run leaves behind."""
    loaded, found = rules(), Truth()
    corridors = [Corridor(loaded) for _ in range(settings.partitions)]
    decoders = {family: Decoder(family) for family in ORDER}
    for event in sorted(events, key=lambda e: e["occurred_at"]):
        family, key = FAMILY_OF[event["type"]], event["partner_id"].encode()
        out = corridors[(murmur2(key) & 0x7FFFFFFF) % settings.partitions].feed(decoders[family].decode(msgspec.json.encode(event), key))
        found.nudge_ids.update(o.nudge_id for o in out if o.type == "nudge")
    for corridor in corridors:
        found.states.update({who: comparable(state, loaded) for who, state in corridor.partners.items()})
    return found


def comparable(state: Any, loaded: Rules) -> dict[str, Any]:
    """A state as plain data, without what differs by design: which offsets it has seen."""
    from training_rules.snapshots import plain

    shown = plain(state, loaded)
    del shown["applied"]
    return msgspec.to_builtins(shown)


@contextmanager
def sending(settings: Settings, events: Sequence[dict[str, Any]], per_s: int = 8000) -> Iterator[threading.Thread]:
    """Events on their way in the background, at a pace; all of them are sent when the block ends."""
    failures: list[BaseException] = []
    thread = threading.Thread(target=_sent_by, args=(settings, events, per_s, failures), daemon=True)
    thread.start()
    yield thread
    thread.join(300)
    assert not thread.is_alive()
    assert not failures, failures


def _sent_by(settings: Settings, events: Sequence[dict[str, Any]], per_s: int, failures: list[BaseException]) -> None:
    try:
        asyncio.run(_send(settings, events, per_s // 20, pause=0.05))
    except BaseException as error:  # noqa: BLE001 - shown by the thread that asked
        failures.append(error)
