"""Rules change while workers run: pushed, refused, rolled back, paused, and saved in a folder that is watched."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from streams.changes import change, history, publish, put
from streams.errors import RulesCrossed
from streams.pushing import push, texts
from tests.journeys.workers import ROOT, environment, until, values, working
from tests.training_rules.town import MESSAGES, nudge

LIVE_WITHIN = 5.0


def text(*nudges: str) -> str:
    return "version: 1\nowner: tests\nnudges:\n" + "".join(nudges) + MESSAGES


ONE = text(nudge("one"))
TWO = text(nudge("one"), nudge("two", "{happens: order_accepted}"))
WRONG = text(nudge("one", "{happens: no_such_event}"))


@pytest.fixture
def live(settings, tmp_path):
    """Settings by the wall clock, and a folder of rules."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(ONE, encoding="utf-8")
    return settings.model_copy(update={"clock": "wall", "timer_slack": 0.2, "redis_url": ""}), tmp_path / "rules"


def rules(settings, *words, verb="rules"):
    """`nudgeline rules`, or another verb: exit status, what it printed, what it noted."""
    done = subprocess.run([sys.executable, "-m", "commands.main", verb, *map(str, words)], cwd=ROOT, env=environment(settings) | {"NUDGELINE_REDIS_URL": "none"}, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def at_work(stack, settings, folder, tmp_path, *options):
    found = stack.enter_context(working(settings, tmp_path, *options, rules_file=folder, NUDGELINE_REDIS_URL="none"))
    until(lambda: found.stats().get("partitions"), "partitions with the worker")
    return found


def versions(*workers):
    """What runs in each partition."""
    return {number: of["rules"] for worker in workers for number, of in worker.stats().get("partitions", {}).items()}


def shared(settings, *workers):
    """Wait until each worker has partitions, and all partitions have a worker."""
    until(lambda: len(versions(*workers)) == settings.partitions and all(w.stats().get("partitions") for w in workers), "partitions with each worker")


def in_force(settings, version, *workers):
    return until(lambda: list(versions(*workers).values()) == [version] * settings.partitions, f"{version} in all partitions", 20)


def test_a_set_that_is_pushed_runs_in_all_partitions_of_all_workers_within_seconds(live, tmp_path):
    settings, folder = live
    with ExitStack() as stack:
        workers = [at_work(stack, settings, folder, tmp_path / name) for name in "ab"]
        shared(settings, *workers)
        (folder / "a.yaml").write_text(TWO, encoding="utf-8")
        code, version, said = rules(settings, "push", folder, "--note", "a second one")
        written = time.monotonic()
        assert code == 0, said
        in_force(settings, version, *workers)
        assert time.monotonic() - written < LIVE_WITHIN
        assert sum(w.stats()["rule_sets"]["taken"] for w in workers) == settings.partitions


def test_a_set_with_faults_is_not_pushed_and_says_all_of_them(live):
    settings, folder = live
    (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
    code, _, said = rules(settings, "push", folder)
    assert (code, "no_such_event" in said) == (1, True)
    assert history(settings) == []


def test_a_bad_set_of_another_tool_leaves_the_last_good_one_and_an_alert(live, tmp_path):
    settings, folder = live
    with ExitStack() as stack:
        worker = at_work(stack, settings, folder, tmp_path / "w")
        before = set(versions(worker).values())
        event = change("other", {"a.yaml": WRONG}, time.time() + 1)
        event.judged_by = "another version"
        publish(settings, event)
        until(lambda: worker.stats()["rule_sets"]["refused"] == settings.partitions, "refused in all partitions")
        assert set(versions(worker).values()) == before
        until(lambda: len(values(settings, "dead.letters")) == settings.partitions, "told in all partitions")
        assert {(letter["reason"], "no_such_event" in letter["detail"]) for letter in values(settings, "dead.letters")} == {("bad_rules", True)}
        assert "is refused" in worker.log()


def test_after_a_kill_a_worker_goes_on_with_the_set_that_ran(live, tmp_path):
    settings, folder = live
    with ExitStack() as stack:
        worker = at_work(stack, settings, folder, tmp_path / "w")
        (folder / "b.yaml").write_text("version: 1\nowner: tests\nnudges:\n" + nudge("two", "{happens: order_accepted}"), encoding="utf-8")
        _, version, _ = rules(settings, "push", folder)
        in_force(settings, version, worker)
        (folder / "b.yaml").unlink()
        worker.kill()
        again = at_work(stack, settings, folder, tmp_path / "w")
        in_force(settings, version, again)


def test_history_diff_rollback_and_pause(live, tmp_path):
    settings, folder = live
    _, first, _ = rules(settings, "push", folder)
    (folder / "a.yaml").write_text(TWO, encoding="utf-8")
    assert rules(settings, "diff", folder)[1] == "added        nudges.two"
    _, second, _ = rules(settings, "push", folder)
    _, third, _ = rules(settings, "pause", "two", "--note", "too many")
    _, fourth, _ = rules(settings, "rollback")
    assert (len({first, second, third}), fourth) == (3, first)
    _, told, _ = rules(settings, "history")
    assert [line.split()[2:4] for line in told.splitlines()] == [[first, "push"], [second, "push"], [third, "pause"], [first, "rollback"]]
    assert "too many; paused: two" in told


def test_a_rollback_leaves_paused_what_is_paused_and_a_push_says_what_it_removes(live):
    settings, folder = live
    (folder / "a.yaml").write_text(TWO, encoding="utf-8")
    rules(settings, "push", folder)
    (folder / "a.yaml").write_text(TWO.replace("A nudge", "Another"), encoding="utf-8")
    rules(settings, "push", folder)
    rules(settings, "pause", "two")
    code, _, said = rules(settings, "rollback")
    assert (code, "two is paused since" in said) == (0, True)
    assert history(settings)[-1].paused == ["two"]
    (folder / "a.yaml").write_text(ONE, encoding="utf-8")
    assert "removed      nudges.two" in rules(settings, "push", folder)[2]


def test_a_rule_that_is_paused_stays_so_while_a_set_does_not_have_it(live):
    settings, folder = live
    rules(settings, "push", folder)
    (folder / "a.yaml").write_text(TWO, encoding="utf-8")
    rules(settings, "push", folder)
    rules(settings, "pause", "two")
    rules(settings, "rollback")
    assert "two is paused since" in rules(settings, "rollback")[2]
    assert (history(settings)[-1].files, history(settings)[-1].paused) == (history(settings)[1].files, ["two"])
    assert rules(settings, "resume", "two")[0] == 0


def test_a_rollback_goes_back_to_other_rules_whatever_the_files_look_like(live):
    settings, folder = live
    _, first, _ = rules(settings, "push", folder)
    for text in (TWO, f"# The same, with a comment.\n{TWO}"):
        (folder / "a.yaml").write_text(text, encoding="utf-8")
        rules(settings, "push", folder)
    assert rules(settings, "rollback")[1] == first


def test_what_is_in_force_can_be_had_as_files(live, tmp_path):
    settings, folder = live
    (folder / "deep").mkdir()
    (folder / "deep" / "b.yaml").write_text("version: 1\nowner: tests\nnudges:\n" + nudge("two", "{happens: order_accepted}"), encoding="utf-8")
    _, version, said = rules(settings, "push", folder)
    assert version, said
    assert rules(settings, "export", tmp_path / "out")[1] == version
    assert rules(settings, "diff", tmp_path / "out" / "rules")[1] == "nothing changes"
    code, _, said = rules(settings, "export", tmp_path / "out")
    assert (code, "not an empty folder" in said) == (2, True)


def test_who_writes_at_the_same_time_as_another_is_told(live):
    settings, folder = live
    files = texts([folder])
    first = push(settings, files)
    other = change("another", files, first.occurred_at + 10.0, author="guard rail", verb="pause")
    publish(settings, other)
    with pytest.raises(RulesCrossed, match="mine is written, and takes the place of another \\(pause by guard rail\\)"):
        put(settings, change("mine", files, first.occurred_at + 20.0), first)
    with pytest.raises(RulesCrossed, match="early is written, and holds until mine"):
        put(settings, change("early", files, first.occurred_at + 5.0), first)
    assert [each.version for each in history(settings)[1:]] == ["early", "another", "mine"]
    put(settings, change("last", files, first.occurred_at + 30.0), history(settings)[-1])


@pytest.mark.parametrize(("at", "says"), [("2020-01-01T00:00:00Z", "is past"), ("2090-01-01T00:00:00Z", "more than a week ahead")])
def test_from_when_rules_hold_is_soon(live, at, says):
    settings, folder = live
    code, _, said = rules(settings, "push", folder, "--at", at)
    assert (code, says in " ".join(said.replace("│", " ").split())) == (2, True)


def test_what_is_pushed_or_compared_over_a_pause_says_that_the_rule_stays_paused_and_why(live):
    settings, folder = live
    (folder / "a.yaml").write_text(TWO, encoding="utf-8")
    assert "paused" not in rules(settings, "push", folder)[2]
    rules(settings, "pause", "two", "--note", "too many")
    (folder / "a.yaml").write_text(TWO.replace("A nudge", "Another"), encoding="utf-8")
    told = [rules(settings, "diff", folder)[2], rules(settings, "push", folder)[2], rules(settings, "--in-force", folder, verb="check")[1]]
    assert [("two is paused since" in said, "too many" in said, "nudgeline rules resume two" in said) for said in told] == [(True, True, True)] * 3
    (folder / "a.yaml").write_text(ONE, encoding="utf-8")
    assert "none of these rules is paused" in rules(settings, "--in-force", folder, verb="check")[1]


def test_what_is_saved_in_a_folder_that_is_watched_runs_within_seconds_and_what_is_wrong_does_not(live, tmp_path):
    settings, folder = live
    with ExitStack() as stack:
        worker = at_work(stack, settings, folder, tmp_path / "w", "--watch")
        until(lambda: history(settings), "the folder pushed once")
        in_force(settings, history(settings)[0].version, worker)
        began = time.monotonic()
        (folder / "a.yaml").write_text(TWO, encoding="utf-8")
        until(lambda: len(history(settings)) == 2, "the change pushed")
        in_force(settings, history(settings)[1].version, worker)
        assert time.monotonic() - began < LIVE_WITHIN + 1  # statistics are a second old
        (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
        until(lambda: "these rules are refused" in worker.log(), "the faults told")
        assert len(history(settings)) == 2
        (folder / "a.yaml").write_text(TWO, encoding="utf-8")
        rules(settings, "rollback")
        worker.kill()
    with ExitStack() as stack:
        again = at_work(stack, settings, folder, tmp_path / "again", "--watch")
        until(lambda: "these rules were in force before" in again.log(), "that they are not pushed told")
        assert [event.verb for event in history(settings)] == ["push", "push", "rollback"]
