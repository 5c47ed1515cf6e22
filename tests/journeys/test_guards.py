"""A rule that runs away, or that partners opt out of, pauses itself, through Kafka: counted by two workers, said once, in force in all partitions, also after a crash; the others go on, and ops turn it on again."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rulebook.loader import load_texts
from streams.changes import LEAD, history
from streams.crowd.guards import Trip
from streams.errors import RulesRefused
from streams.halting import AUTHOR, GRID, halt
from streams.pushing import pause, push
from tests.journeys.shift import send
from tests.journeys.test_crowd import _event as event
from tests.journeys.test_crowd import two_workers
from tests.journeys.test_reload import in_force, rules
from tests.journeys.workers import until, values, working
from tests.training_rules.town import MESSAGES, nudge

PARTNERS, RUNAWAY = 60, 30
RULES = (
    "version: 1\nowner: tests\nnudges:\n" + nudge("runaway") + nudge("calm", "{happens: order_accepted}", priority="20")
    + "policy: {max_share: 20% per 1h, guard: {min_partners: 30}}\n" + MESSAGES
)  # fmt: skip


@pytest.fixture
def live(settings, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    return settings.model_copy(update={"clock": "wall", "crowd_every": 5, "cohorts_every": 5, "guards_every": 5, "timer_slack": 0.5, "redis_url": ""}), file


def happens(settings, kind, partners, tag):
    now = time.time()
    fields = {"feature": "map"} if kind == "feature_used" else {}
    send(settings, [event(kind, n, now + n / 10_000, f"{tag}-{n}" if kind.startswith("order") else None, **fields) for n in partners])


def sent(settings, rule):
    return {n["partner_id"] for n in values(settings, "nudges") if n["rule"] == rule}


def held(settings, rule):
    return [d["reason"] for d in values(settings, "decisions") if d["rule"] == rule and d["verdict"] == "hold"]


def told(workers):
    """How much all partitions told up to now."""
    return sum(worker.stats()["crowd"]["told"] for worker in workers)


def test_a_rule_that_runs_away_pauses_itself_once_over_two_workers_and_is_turned_on_again(live, tmp_path):
    settings, file = live
    with two_workers(settings, file, tmp_path) as workers:
        happens(settings, "feature_used", range(PARTNERS), "a")
        happens(settings, "order_accepted", range(3), "b")
        until(lambda: len(sent(settings, "calm")) == 3, "the calm rule at work")
        happens(settings, "order_rejected", range(RUNAWAY), "c")
        (pause,) = until(lambda: history(settings), "a pause", 40)
        assert (pause.verb, pause.author, pause.paused) == ("pause", AUTHOR, ["runaway"])
        assert (pause.guard["guard"], pause.guard["of"], pause.guard["allowed"]) == ("max_share", PARTNERS, 0.2)
        assert PARTNERS * 0.2 < pause.guard["partners"] <= RUNAWAY
        in_force(settings, pause.version, *workers)
        assert sum(worker.stats()["crowd"]["halted"] for worker in workers) == 1

        before = len(sent(settings, "runaway"))
        happens(settings, "order_rejected", range(RUNAWAY, PARTNERS), "d")
        happens(settings, "order_accepted", range(3, 5), "e")
        until(lambda: len(held(settings, "runaway")) == PARTNERS - RUNAWAY, "what it would have sent in the ledger")
        assert set(held(settings, "runaway")) == {"mode_off"}
        until(lambda: len(sent(settings, "calm")) == 5, "the calm rule at work still")
        assert len(sent(settings, "runaway")) == before

        _, version, said = rules(settings, "resume", "runaway", "--note", "mended")
        in_force(settings, version, *workers)
        happens(settings, "order_rejected", range(PARTNERS - 2, PARTNERS), "f")
        until(lambda: len(sent(settings, "runaway")) == before + 2, "the rule at work again")
        counted = told(workers)
        until(lambda: told(workers) >= counted + 2 * settings.partitions, "counted again, twice")
        assert [e.verb for e in history(settings)] == ["pause", "resume"], said
        assert "guard rail" in rules(settings, "history")[1]


def test_a_rule_that_many_opt_out_of_pauses_itself_and_stays_so_over_a_crash(live, tmp_path):
    settings, file = live
    file.write_text(RULES.replace("max_share: 20% per 1h, ", ""), encoding="utf-8")
    assert rules(settings, "push", file)[0] == 0
    with working(settings, tmp_path / "a", rules_file=file) as worker:
        happens(settings, "order_rejected", range(PARTNERS), "a")
        until(lambda: len(sent(settings, "runaway")) == PARTNERS, "all were sent it")
        happens(settings, "opted_out", range(PARTNERS // 2), "b")
        pause = until(lambda: len(found := history(settings)) == 2 and found[-1], "a pause", 40)
        assert (pause.paused, pause.guard["guard"], pause.guard["of"]) == (["runaway"], "opt_outs", PARTNERS)
        in_force(settings, pause.version, worker)
        worker.kill()
    with working(settings, tmp_path / "a", rules_file=file) as worker:
        in_force(settings, pause.version, worker)
        happens(settings, "order_rejected", range(PARTNERS // 2, PARTNERS), "c")
        until(lambda: held(settings, "runaway").count("mode_off") == PARTNERS // 2, "what it would have sent in the ledger")
        counted = told([worker])
        until(lambda: told([worker]) >= counted + settings.partitions, "counted again")
        assert len(history(settings)) == 2


def trip(files, at, rule="runaway"):
    return Trip(rule, "max_share", 0.5, 0.2, RUNAWAY, PARTNERS, 3600.0, at, load_texts(files)[0].version)


def test_several_who_notice_at_once_pause_once(live):
    settings, files = live[0], {"a.yaml": RULES}
    until(lambda: (time.time() + LEAD) % GRID < GRID / 2, "well within one moment of the grid")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: halt(settings, trip(files, time.time()), files), range(4)))
    assert [e.paused for e in history(settings)] == [["runaway"]]
    assert halt(settings, trip(files, time.time()), files) is None


def test_what_was_counted_before_the_last_change_pauses_nothing(live):
    settings, files = live[0], {"a.yaml": RULES}
    before = time.time()
    push(settings, files)
    pause(settings, "runaway", off=True)
    resumed = pause(settings, "runaway", off=False)
    assert halt(settings, trip(files, before), files) is None
    assert halt(settings, trip(files, resumed.occurred_at + 1), files).paused == ["runaway"]


def test_what_can_not_be_paused_is_said(live):
    settings, files = live[0], {"a.yaml": RULES}
    with pytest.raises(RulesRefused, match="other rules run"):
        halt(settings, trip(files, time.time()), {"a.yaml": RULES.replace("20% per 1h", "30% per 1h")})
    push(settings, files, at=time.time() + 3600)
    with pytest.raises(RulesRefused, match="the last change holds only from"):
        halt(settings, trip(files, time.time()), files)
