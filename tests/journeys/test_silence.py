"""Orders stop while positions flow, on a real Kafka: what hangs on them is frozen, over a kill too, and goes on when they are back."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.journeys.shift import send
from tests.journeys.workers import until, values, working
from tests.training_rules.town import MESSAGES, nudge

WAIT = 6.0
RULES = "version: 1\nowner: tests\nnudges:\n" + nudge("stuck", "{happens: arrived_at_restaurant, without: order_picked_up, for: 6s, same: order_id, keep_on_logout: true}") + MESSAGES


@pytest.fixture
def live(settings, tmp_path):
    """Settings by the wall clock, by which orders are silent soon."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    return settings.model_copy(update={"clock": "wall", "timer_slack": 0.2, "redis_url": "", "silent_after": {"orders": 2.0}})


def event(kind, who, at, **fields):
    return {"type": kind, "event_id": f"{kind}-{who}-{at}", "partner_id": who, "occurred_at": at, **fields}


def come_to(worker, settings, moment):
    """Positions flow until all partitions have come so far."""

    def there():
        now = time.time()
        send(settings, [event("position", f"G{n}", now, lat=1.0, lon=1.0) for n in range(20)])
        times = [p["stream_time"] or 0 for p in worker.stats().get("partitions", {}).values()]
        return len(times) == settings.partitions and min(times) > moment

    until(there, "so much time gone by")


def frozen(worker, settings):
    found = [p["frozen"] for p in worker.stats().get("partitions", {}).values()]
    return len(found) == settings.partitions and all("orders" in each for each in found)


def test_what_hangs_on_a_silent_feed_waits_over_a_kill_and_goes_on_with_what_came_late(live, tmp_path):
    with ExitStack() as stack:
        worker = stack.enter_context(working(live, tmp_path / "w", rules_file=tmp_path / "rules.yaml", NUDGELINE_REDIS_URL="none"))
        until(lambda: worker.stats().get("partitions"), "partitions with the worker")
        began = time.time()
        send(live, [event("arrived_at_restaurant", who, began, order_id=who) for who in "ab"])
        until(lambda: frozen(worker, live), "orders frozen in all partitions")
        come_to(worker, live, began + WAIT + 1)
        until(lambda: len([d for d in values(live, "decisions") if d["verdict"] == "frozen"]) == live.partitions, "told in all partitions")
        worker.kill()
        again = stack.enter_context(working(live, tmp_path / "w", rules_file=tmp_path / "rules.yaml", NUDGELINE_REDIS_URL="none"))
        until(lambda: frozen(again, live), "orders frozen still")
        come_to(again, live, time.time() + 1)
        assert values(live, "nudges") == []
        send(live, [event("order_picked_up", "a", began + 2, order_id="a"), *(event("order_offered", f"G{n}", time.time(), order_id=f"o{n}") for n in range(20))])
        until(lambda: values(live, "nudges"), "what is proven")
        until(lambda: again.stats()["feeds"].get("thawed") == live.partitions, "thawed in all partitions")
        said = [(d["verdict"], d["partner_id"]) for d in values(live, "decisions")]
    assert [(n["partner_id"], n["decided_at"]) for n in values(live, "nudges")] == [("b", began + WAIT)]
    assert (said.count(("frozen", "")), said.count(("thawed", ""))) == (live.partitions, live.partitions)
