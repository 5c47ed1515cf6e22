"""A rule goes from a trial to everybody by changes under way, through Kafka: nobody changes sides, and who was reached, a ghost or not, rests as the rule says."""

import time
from contextlib import ExitStack

import pytest

from tests.journeys.shift import send
from tests.journeys.test_crowd import _event as event
from tests.journeys.test_reload import at_work, in_force, rules, shared
from tests.journeys.workers import until, values
from tests.training_rules.town import MESSAGES, nudge

PARTNERS = 60
STAGES = ("shadow", "20%"), ("live", "20%"), ("live", "60%"), ("live", "100%")


@pytest.fixture
def live(settings, tmp_path):
    (tmp_path / "rules").mkdir()
    return settings.model_copy(update={"clock": "wall", "timer_slack": 0.2, "redis_url": ""}), tmp_path / "rules"


def write(folder, mode, rollout):
    rule = nudge("tip", mode=mode, rollout=rollout, holdout="25%", cooldown="1h")
    (folder / "a.yaml").write_text("version: 1\nowner: tests\nnudges:\n" + rule + MESSAGES, encoding="utf-8")


def told(settings, version):
    """What is decided of each partner under one version."""
    return {d["partner_id"]: d["reason"] if d["verdict"] == "hold" else d["verdict"] for d in values(settings, "decisions") if d["ruleset_version"] == version}


def counted(workers):
    """How much all workers decided up to now."""
    return sum(sum(worker.stats()["decisions"].values()) for worker in workers)


def decided(settings, folder, stage, workers):
    """Push a stage, have an order rejected by everybody, and what comes of it."""
    write(folder, *stage)
    code, version, said = rules(settings, "push", folder)
    assert code == 0, said
    in_force(settings, version, *workers)
    before, now = counted(workers), time.time()
    send(settings, [event("order_rejected", n, now + n / 10_000, f"{'-'.join(stage)}-{n}") for n in range(PARTNERS)])
    until(lambda: counted(workers) >= before + PARTNERS, f"{PARTNERS} decisions under {stage}")
    return until(lambda: found if len(found := told(settings, version)) == PARTNERS else None, f"a decision on everybody under {stage}")


def whom(found, *words):
    return {who for who, word in found.items() if word in words}


def test_a_rule_that_grows_changes_nobodys_side_and_reaches_nobody_twice(live, tmp_path):
    settings, folder = live
    write(folder, *STAGES[0])
    with ExitStack() as stack:
        workers = [at_work(stack, settings, folder, tmp_path / name) for name in "ab"]
        shared(settings, *workers)
        trial, few = (decided(settings, folder, stage, workers) for stage in STAGES[:2])
        workers[0].kill()
        workers[0] = at_work(stack, settings, folder, tmp_path / "again")
        shared(settings, *workers)
        many, every = (decided(settings, folder, stage, workers) for stage in STAGES[2:])

    assert whom(trial, "shadow") == whom(few, "send", "ghost")
    assert whom(many, "cooldown") == whom(few, "send", "ghost")
    assert whom(every, "cooldown") == whom(few, "send", "ghost") | whom(many, "send", "ghost")
    reached = [who for found in (few, many, every) for who in whom(found, "send", "ghost")]
    assert sorted(reached) == sorted(every)
    assert all(whom(found, "send") and whom(found, "ghost") for found in (many, every))
    assert {n["partner_id"] for n in values(settings, "nudges")} == {who for found in (few, many, every) for who in whom(found, "send")}
