"""Benches run and measure what they say; what the page says of them is what was measured. No test looks at a time."""

import json

import pytest

from analysis.backtest import backtest
from benches import backtest as fortnight
from benches import handover, machine, partner_bytes, path, report, sizing, step, yard
from events import FAMILIES
from events.decode import Decoder
from events.structs import STRUCTS
from training_rules import load_rules


@pytest.mark.parametrize("page", report.PAGES, ids=lambda p: p.name)
def test_the_page_shows_the_results_that_are_kept(page):
    text = page.read_text(encoding="utf-8")
    assert report.page(text) == text, "`python -m benches.report` writes it anew"


def test_bytes_of_a_partner_are_those_of_states_that_can_be_read_again():
    found = partner_bytes.measure(10, 0.5)
    assert found["partners"] == 10
    assert 0 < found["changelog_bytes_median"] <= found["changelog_bytes_p99"] < found["memory_bytes"] * 5


def test_a_partner_at_rest_takes_more_than_the_bytes_of_a_state_and_less_than_one_awake():
    found = partner_bytes.measure(10, 0.5)
    assert found["changelog_bytes_median"] < found["resting_bytes"] < found["memory_bytes"]


def test_a_step_is_timed_for_each_family_that_came():
    found = step.measure(10, 0.5, 1)
    assert {"decode", "feed", "dump", "load", "feed gps", "feed orders"} <= set(found["us"])


def test_on_the_path_every_event_comes_to_the_core_and_every_step_takes_time(tmp_path, monkeypatch):
    monkeypatch.setattr(path, "ANSWERS", 1)
    yard.stream(tmp_path / "events", 12_000, 100, 5)
    took = path.once(load_rules([yard.RULES]), list(path.answers(tmp_path / "events")))
    assert {step for step, seconds in took.items() if seconds > 0} == set(path.STEPS)


def test_outputs_are_spelled_as_the_brute_force_spells_them():
    outputs = [
        {"type": "segment_transition", "partner_id": "p", "transition": "entered", "decided_at": 1.0, "cause": "-"},
        {"type": "decision", "verdict": "send", "partner_id": "p", "rule": "Y4", "decided_at": 2.5, "cause": "-", "evidence": {"same": "o1"}},
        {"type": "decision", "verdict": "send", "partner_id": "p", "rule": "Y2", "decided_at": 3.0, "cause": "e3", "evidence": {}},
        {"type": "decision", "verdict": "hold", "partner_id": "p", "rule": "Y2", "decided_at": 4.0, "cause": "e4", "evidence": {}},
    ]
    assert list(yard.spelled(outputs)) == ["p\tenter\t1.000\t-", "p\tY4\t2.500\to1", "p\tY2\t3.000\te3"]


@pytest.mark.parametrize(("found", "says"), [(["a", "b"], []), (["b", "a"], []), (["a"], ["2 expected, 1 found; 1 missing, 0 too many", "missing   b"])])
def test_lists_are_compared_whole(found, says):
    assert yard.differences(["a", "b"], found) == says


def test_a_backtest_of_the_yardstick_is_exact(tmp_path):
    readers = {kind: Decoder(f.name).decode for f in FAMILIES.values() for kind in f.types}
    file, lines = tmp_path / "events", []
    yard.stream(file, 30_000, 100, 5)
    pairs = (line.split(b"\t", 1) for line in file.read_bytes().splitlines())
    backtest(load_rules([yard.RULES]), (readers[json.loads(value)["type"]](value, key) for key, value in pairs), lines.append)
    assert yard.differences(yard.expected(file), list(yard.spelled(map(json.loads, lines)))) == []


def test_the_page_of_sizes_is_what_the_results_say():
    text = sizing.PAGE.read_text(encoding="utf-8")
    assert sizing.page(text) == text, "`python -m benches.sizing` writes it anew"


SLOPES = sizing.Slopes(events_per_cpu_s=100_000, dump_us=10, restore_us=2, memory=1000, resting=250, changelog=500, base_mb=100, gap_killed_s=1, gap_ended_s=1)


def test_a_million_partners_that_ping_each_four_seconds_are_250000_positions_a_second():
    company = sizing.Company("m", 1_000_000, 4, 0)
    found = sizing.plan(company, SLOPES)
    assert found["events"] == 250_000
    assert found["cores"] == pytest.approx((250_000 * 10 + 221_199 * 10) / 1e6, rel=1e-5)  # 1 - e^(-1/4) of the partners are written each second
    assert (found["workers"], found["partitions"], found["memory_mb"]) == (10, 40, pytest.approx(100 + 1e6 / 9 * (1000 + 3 * 250) / 1e6))


def test_a_longer_commit_interval_writes_less_and_never_more_than_each_partner_once():
    written = [sizing.Company("m", 1000, 4, 0, commit).written * commit for commit in (1.0, 10.0, 100.0)]
    assert written == sorted(written)
    assert written[-1] <= 1000
    assert written[0] / 1 > written[1] / 10 > written[2] / 100


def test_the_gap_of_a_partition_is_its_longest_silence():
    assert handover._gap([0.0, 5.0, 5.5, 7.0, 7.25], began=5.6) == 1.5


def test_the_table_of_a_soak_says_what_was_lost_and_how_memory_went():
    row = {
        "to_minute": 5, "events_per_s": 30_000, "nudges": 700, "mb_median": 240.5, "mb_most": 300.0, "together_mb": 480.0, "behind_median_s": 1.5, "behind_most_s": 12.0,
        "servers_mb": {"kafka": 700, "redis": 20},
    }  # fmt: skip
    found = {
        "kills": 3, "lost": 1, "doubled": 2, "repeated": 5, "events": 9_000_000, "partners": 10_000, "wanted": {"nudges": 700, "decisions": 800}, "rows": [row],
        "blows": [{"recovered_s": 4.0}, {"recovered_s": 9.0}, {"recovered_s": None}], "memory": {"together": {"middle": 480.0, "last": 481.0}, "eldest": None},
        "machine": machine.machine(),
    }  # fmt: skip
    told = report._soak(found)
    assert "**3 kills, lost 1, doubled 2**, repeated 5." in told
    assert "| 5 | 30,000 | 700 | 240.5 | 300.0 | 480.0 | 1.5 | 12.0 | 700 | 20 |" in told
    assert "1,500 outputs, 700 of them nudges. Recovered within 6.5 s in the median, 9.0 s at most. Memory, middle third to last: together 480.0 to 481.0 MB." in told


def test_the_densest_fortnight_is_the_one_with_most_events():
    assert fortnight._densest([day * fortnight.DAY for day in (1, 40, 41, 53, 54, 90)]) == 40 * fortnight.DAY


def test_a_crowd_does_what_one_does_a_second_apart():
    event = STRUCTS["logged_in"](event_id="e", partner_id="p", occurred_at=5.0)
    assert [(e.partner_id, e.event_id, e.occurred_at) for e in fortnight._crowd([event], 2)] == [("p-0", "e-0", 5.0), ("p-1", "e-1", 6.0)]
