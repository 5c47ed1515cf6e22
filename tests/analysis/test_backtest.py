"""A backtest over partitions and processes is what one corridor says; two rule sets are compared partner by partner; one place is varied."""

import gzip
import io
import json
import pickle
from collections import Counter

import pytest

from analysis.backtest import Job, backtest, run
from analysis.backtest.compared import KEPT, SAMPLES
from analysis.backtest.history import Share, entries
from analysis.backtest.limits import Limits, check
from analysis.backtest.places import Places
from analysis.backtest.processes import _Team
from analysis.backtest.report import charts, render
from analysis.backtest.result import GATES, GONE, HONEST, _modes, result
from analysis.backtest.shard import Shard
from analysis.backtest.sweep import read_sweep, variations
from analysis.backtest.tally import HOUR
from analysis.backtest.topics import Kept
from analysis.errors import BacktestError
from commands.histories import Recorded
from events.outputs import HoldReason
from events.structs import BROADCAST_STRUCTS, Forget
from rulebook.errors import RuleErrors
from simulator.city import City
from simulator.errors import SourceError
from streams.changes import change
from streams.partitioner import by_murmur2
from streams.reload import Library
from streams.settings import CATALOG, load
from tests.training_rules.town import MESSAGES, START, Town, nudge, rules
from training_rules import load_rules

EARLY = 1_772_418_600.0
REJECTS = "nudges:\n" + nudge("a", trigger="{happens: order_rejected, times: 2, within: 10m}", cooldown="1h")
BOTH = REJECTS + nudge("b", trigger="{happens: order_rejected, times: 2, within: 10m}", cooldown="1h", priority="90")


class Told:
    """A history of given events."""

    name, sources, divisible, done = "told", ("events",), True, 1.0

    def __init__(self, events):
        self.events = list(events)

    def prepare(self):
        pass

    def read(self, share):
        for number, event in enumerate(self.events):
            if (part := share.place(event.partner_id)) is not None:
                yield part, entries([event], number)

    def refused(self):
        return {}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A morning of a city as a file of events."""
    file = tmp_path_factory.mktemp("city") / "events.ndjson"
    file.write_bytes(b"".join(record.value + b"\n" for record in City(120, start=EARLY, hours=5, seed=3).events()))
    return file


@pytest.fixture(scope="module")
def catalog():
    return load_rules(CATALOG)


def outcome(job, history, processes=1):
    lines = io.BytesIO()
    return run(job, history, processes=processes, lines=lines), lines.getvalue()


def rejected(*partners_and_minutes):
    town = Town(rules(REJECTS))
    return [town.event("order_rejected", minute, partner) for partner, minute in partners_and_minutes]


def compared(before, now, events):
    return run(Job([rules(now), rules(before)], compare=True), Told(events)).found.changes


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_what_comes_out_does_not_depend_on_how_many_processes_there_are(city, catalog, processes):
    alone, lines = outcome(Job([catalog], parts=4), Recorded(city))
    several, same = outcome(Job([catalog], parts=4), Recorded(city), processes)
    assert several.processes == processes
    assert alone.found.tallies[0].sends > 0
    assert (several.found, several.untriggered, several.refused, same) == (alone.found, alone.untriggered, alone.refused, lines)


def test_partitions_in_processes_decide_what_one_corridor_decides_with_the_same_ids(city, catalog):
    _, lines = outcome(Job([catalog], parts=4), Recorded(city), 2)
    one = []
    source = Recorded(city)
    backtest(catalog, (entry[3] for _, piece in source.read(Share(1, [0])) for entry in piece), one.append)
    assert len(one) > 50
    assert sorted(lines.splitlines(keepends=True)) == sorted(one)


def test_lines_come_in_order_of_stream_time_over_all_partitions(city, catalog):
    _, lines = outcome(Job([catalog], parts=4), Recorded(city), 2)
    times = [json.loads(line)["decided_at"] for line in lines.splitlines()]
    assert times == sorted(times)


def test_another_process_that_shares_no_memory_compiles_the_rules_for_itself(city, catalog, monkeypatch):
    monkeypatch.setattr("analysis.backtest.processes._forks", lambda: False)
    alone, lines = outcome(Job([catalog], parts=2), Recorded(city))
    spawned, same = outcome(Job([catalog], parts=2), Recorded(city), 2)
    assert (spawned.found, same) == (alone.found, lines)


def test_partners_lie_where_java_puts_them():
    share = Share(4, [0, 1, 2, 3])
    assert [share.place(f"p{n}") for n in range(50)] == [by_murmur2(f"p{n}".encode(), 4) for n in range(50)]


def test_seats_are_split_over_partitions_as_they_are_live():
    seated = "nudges:\n" + nudge("a", seats="2", valid_for="1h")
    events = [Town(rules(seated)).event("order_rejected", 1, f"p{n}") for n in range(40)]
    sends = [run(Job([rules(seated)], parts=parts), Told(events)).found.tallies[0].sends for parts in (1, 2, 4)]
    assert sends == [2, 2, 2]


def test_timers_of_every_partition_fire_up_to_the_last_event_of_all():
    waits = rules("nudges:\n" + nudge("a", trigger="{happens: order_accepted, without: order_picked_up, for: 15m}"))
    town = Town(waits)
    events = [*(town.event("order_accepted", 0, f"p{n}") for n in range(8)), town.event("logged_in", 15, "other")]
    assert run(Job([waits], parts=4), Told(events)).found.tallies[0].sends == 8


def test_a_process_that_dies_is_told_with_what_to_do(city, catalog, monkeypatch):
    monkeypatch.setattr("analysis.backtest.processes.Work.read", lambda self, told: __import__("os")._exit(9))
    monkeypatch.setattr("analysis.backtest.processes._forks", lambda: True)  # other tests may have left threads, and a fresh process knows nothing of this one's patches
    with pytest.raises(BacktestError, match=r"exit status 9.*--processes 1"):
        run(Job([catalog], parts=2), Recorded(city), processes=2)


def test_an_error_of_a_process_is_the_error_of_all(catalog, tmp_path):
    lines = [b'{"type": "logged_in", "event_id": "%d", "partner_id": "p", "occurred_at": 1772445600}' % n for n in range(5000)]
    (tmp_path / "cut.ndjson.gz").write_bytes(gzip.compress(b"\n".join(lines))[:-20])
    with pytest.raises(SourceError, match=r"cut.ndjson.gz cannot be read"):
        run(Job([catalog], parts=2), Recorded(tmp_path / "cut.ndjson.gz"), processes=2)


def test_no_process_is_left_behind(city, catalog):
    team = _Team(Job([catalog], parts=2), Recorded(city), [[0], [1]])
    with team:
        members = [process for process, _ in team._members]
    assert [process.is_alive() for process in members] == [False, False]


def test_an_erased_partner_begins_anew():
    shard = Shard([rules(REJECTS)])
    first, second = rejected(("p", 0), ("p", 1))
    shard.take([(0, 0, 0, first), (0, 0, 1, Forget(START + 30, "p")), (0, 0, 2, second)], ("events",))
    assert shard.finish(shard.last).tallies[0].sends == 0


# -- counts


def test_reasons_stand_in_the_order_of_the_gates_and_none_is_left_out():
    beside = {HoldReason.LATE_EVENT, HoldReason.HOLDOUT, HoldReason.MODE_OFF}
    assert set(HoldReason) - set(GATES) == beside


def told(text, events, **job):
    return result(j := Job([rules(text)], **job), run(j, Told(events)))


def test_a_rule_is_shown_from_its_triggers_to_its_sends_with_every_reason():
    found = told(REJECTS, rejected(("p", 0), ("p", 1), ("p", 20), ("p", 21)))["rules"][0]
    assert (found["triggered"], found["held"], found["sent"], found["partners"], found["share"]) == (2, {"cooldown": 1}, 1, 1, 1.0)


def test_days_are_those_of_the_partner_and_count_without_a_nudge_too():
    town = Town(rules("nudges:\n" + nudge("a")))
    moved = town.event("profile_updated", 0, time_zone="Pacific/Auckland")  # 23:00 there
    events = [moved, town.event("order_rejected", 10), town.event("order_rejected", 70), town.event("order_rejected", 80), town.event("logged_in", 90, "q")]
    days = told("nudges:\n" + nudge("a"), events)["partner_days"]
    assert days["distribution"] == {"0": 1, "1": 1, "2": 1}
    assert (days["max"], days["max_partner"], days["max_day"]) == (2, "p", "2026-03-03")


def test_hours_are_those_of_the_partner():
    town = Town(rules("nudges:\n" + nudge("a")))
    found = told("nudges:\n" + nudge("a"), [town.event("profile_updated", 0, time_zone="Asia/Kolkata"), town.event("order_rejected", 1)])
    assert Counter(dict(zip(found["hours"]["labels"], found["hours"]["by_rule"]["a"], strict=True)))["15"] == 1


def test_a_nudge_is_counted_in_the_zone_where_the_partner_was_at_its_time():
    town = Town(rules("nudges:\n" + nudge("a")))
    events = [town.event("logged_in", 0, zone="north"), town.event("order_rejected", 1), town.event("logged_in", 2, zone="south"), town.event("order_rejected", 3)]
    shard = Shard([rules("nudges:\n" + nudge("a"))])
    shard.take(entries(events, 0), ("events",))
    assert shard.finish(shard.last).tallies[0].zones == {("a", "north"): 1, ("a", "south"): 1}


def test_a_nudge_on_a_day_without_events_makes_that_day_one():
    waits = "nudges:\n" + nudge("a", trigger="{happens: order_accepted, without: order_picked_up, for: 15h}")
    town = Town(rules(waits))
    days = told(waits, [town.event("order_accepted", 0), town.event("logged_in", 20 * 60, "q")])["partner_days"]
    assert (days["total"], days["distribution"]) == (3, {"0": 2, "1": 1})


def test_members_of_a_segment_are_followed_over_time():
    town = Town(rules("segments:\n  here: {when: online}\n" + REJECTS))
    events = [town.event("logged_in", 0, "p"), town.event("logged_in", 70, "q"), town.event("logged_out", 130, "p"), town.event("logged_in", 200, "r")]
    segments = told("segments:\n  here: {when: online}\n" + REJECTS, events)["segments"]
    assert segments["members"][0]["members"] == [1, 2, 1, 2]
    assert segments["at"] == [START + HOUR * n for n in range(1, 5)]


def test_summer_time_makes_no_day_twice():
    places, town = Places(), Town(rules(REJECTS))
    events = [town.event("profile_updated", -600, time_zone="Europe/Berlin"), *(town.event("logged_in", 60 * 24 * 26 + 60 * hour) for hour in range(24))]
    places.take(events)
    assert places.active_days == 3  # the profile's, Saturday's rest of the day, and the short Sunday


# -- two rule sets


def test_a_rule_set_against_itself_shows_no_difference(city, catalog):
    found = run(Job([catalog, load_rules(CATALOG)], parts=4, compare=True), Recorded(city), processes=2).found
    assert found.changes is not None
    assert found.changes.none
    assert found.changes.same > 50
    assert (found.tallies[0], found.changes.samples) == (found.tallies[1], [])


def test_partners_whom_a_rule_reaches_only_now_are_gained_and_those_it_reached_only_before_lost():
    events = rejected(("p", 0), ("p", 1), ("q", 2), ("q", 8), ("r", 9), ("r", 10), ("r", 11))
    narrow, wide = REJECTS.replace("within: 10m", "within: 2m"), REJECTS
    assert [(c.gained["a"], c.lost["a"], c.both["a"]) for c in (compared(narrow, wide, events), compared(wide, narrow, events))] == [(1, 0, 2), (0, 1, 2)]


def test_a_partner_for_whom_another_rule_wins_now_is_displaced_by_it():
    changes = compared(REJECTS, BOTH, rejected(("p", 0), ("p", 1)))
    assert (changes.displaced, changes.displaced_by, changes.instead) == ({"a": 1, "b": 0}, {("a", "b"): 1}, {("a", "hold (lower_priority)"): 1})


def test_a_trial_displaces_nobody():
    trial = REJECTS + nudge("b", trigger="{happens: order_rejected, times: 2, within: 10m}", cooldown="1h", priority="90", mode="shadow")
    changes = compared(REJECTS, trial, rejected(("p", 0), ("p", 1)))
    assert (changes.displaced.total(), changes.displaced_by) == (0, {})


def test_a_sample_tells_what_happened_before_and_after_and_what_both_sets_said():
    changes = compared(REJECTS, BOTH, rejected(("p", 0), ("q", 0), ("p", 1)))
    sample = next(s for s in changes.shown() if s.change == "displaced")
    assert [(line.what, line.text) for line in sample.lines] == [
        ("event", "order_rejected · order_id o1"),
        ("event", "order_rejected · order_id o3"),
        ("before", "a: send"),
        ("now", "a: hold (lower_priority)"),
        ("now", "b: send"),
    ]


def test_a_send_that_moved_to_another_time_gains_and_loses_nobody():
    changes = compared(REJECTS, REJECTS.replace("times: 2", "times: 3"), rejected(("p", 0), ("p", 1), ("p", 2)))
    assert (changes.gained["a"], changes.lost["a"], changes.both["a"], changes.samples) == (0, 0, 1, [])
    assert changes.instead == {("a", "not triggered"): 1}


def test_the_samples_of_one_kind_are_bounded():
    events = rejected(*((f"p{n}", minute) for n in range(3 * KEPT) for minute in (0, 1)))
    changes = compared(REJECTS, REJECTS.replace("times: 2", "times: 3"), events)
    assert (changes.lost["a"], len(changes.samples), len(changes.shown())) == (3 * KEPT, KEPT, SAMPLES)


# -- one place varied


@pytest.fixture
def file(tmp_path):
    def write(text, name="rules.yaml"):
        (tmp_path / name).write_text("version: 1\n" + text + MESSAGES)
        return tmp_path / name

    return write


def test_every_combination_of_values_is_a_rule_set(file):
    found = variations([file(REJECTS)], ["a.trigger.times=2,3", "a.cooldown=1h, 2h"])
    assert [(v.told, v.ruleset.nudges["a"].trigger.times, v.ruleset.nudges["a"].cooldown, v.usual) for v in found] == [
        ("a.trigger.times = 2, a.cooldown = 1h", 2, 3600, True),
        ("a.trigger.times = 2, a.cooldown = 2h", 2, 7200, False),
        ("a.trigger.times = 3, a.cooldown = 1h", 3, 3600, False),
        ("a.trigger.times = 3, a.cooldown = 2h", 3, 7200, False),
    ]


def test_a_value_within_an_expression_is_named_by_how_it_stands_there(file):
    path = file("nudges:\n" + nudge("a", trigger="{happens: order_delivered, where: minutes > 45 and distance_km < 5km}"))
    assert [str(v.ruleset.nudges["a"].trigger.step.where) for v in variations([path], ["a.trigger.where[45]=30,60"])] == [
        "minutes > 30 and distance_km < 5km",
        "minutes > 60 and distance_km < 5km",
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("a", "can't be read: write NAME.KEY=VALUE"),
        ("a.cooldown", "can't be read"),
        ("a.cooldown=1h,,2h", "can't be read"),
        ("aa.cooldown=1h", "nothing is called `aa`; did you mean `a`"),
        ("a.cooldwn=1h", r"rules.yaml:4:5.*did you mean `cooldown`"),
        ("a.trigger=1h", r"is no single value; go on with one of happens, times, within"),
        ("a.cooldown.x=1h", "is one value and has no keys"),
        ("a.trigger.within[20m]=1h", "there is no `20m` at .*its values are `10m`"),
        ("a.cooldown=many", r"with a.cooldown = many the rules can't run(.|\n)*rules.yaml:\d+:\d+"),
        ("a.cooldown=" + ",".join(f"{n}h" for n in range(1, 27)), "26 combinations of values; at most 24"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_told_with_its_place(file, asked, says):
    with pytest.raises(BacktestError, match=says):
        variations([file(REJECTS)], [asked])


def test_a_literal_that_stands_twice_is_not_guessed_at(file):
    path = file("nudges:\n" + nudge("a", trigger="{happens: order_delivered, where: minutes > 45 and rating > 45}"))
    with pytest.raises(BacktestError, match="stands 2 times"):
        variations([path], ["a.trigger.where[45]=30"])


def test_two_sweeps_of_one_place_are_refused(file):
    with pytest.raises(BacktestError, match="the same place"):
        variations([file(REJECTS)], ["a.cooldown=1h", "a.cooldown=2h"])


def test_rules_that_can_not_be_read_are_told_before_they_are_varied(tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleErrors):
        variations([tmp_path / "bad.yaml"], ["a.cooldown=1h"])


def test_segments_and_policy_are_varied_too():
    assert (read_sweep("policy.quiet_hours=22:00-06:00").keys, read_sweep("new.enter.for = 10m, 20m").values) == (("quiet_hours",), ("10m", "20m"))


def test_the_outcomes_of_a_sweep_stand_beside_its_values(file):
    path = file(REJECTS)
    varied = variations([path], ["a.trigger.times=2,3"])
    job = Job([load_rules(path), *(rules(REJECTS.replace("times: 2", f"times: {n}")) for n in (2, 3))])
    found = result(job, run(job, Told(rejected(("p", 0), ("p", 1), ("q", 2), ("q", 3), ("q", 4)))), varied)
    assert [(v["values"], v["usual"], v["rules"][0]["sent"], v["sends"]) for v in found["sweep"]] == [
        ({"a.trigger.times": "2"}, True, 2, 2),
        ({"a.trigger.times": "3"}, False, 1, 1),
    ]


# -- limits


FOUR = rejected(("p", 0), ("p", 1), ("q", 2), ("r", 3))


@pytest.mark.parametrize(
    ("limits", "kept", "says"),
    [
        (Limits(per_partner_day=0), False, "at most 1 nudge a partner and day, p on 2026-03-02; 0 allowed"),
        (Limits(per_partner_day=1), True, "1 allowed"),
        (Limits(share=0.2), False, "a reaches 33.3% of the partners; 20.0% allowed"),
        (Limits(share=0.4), True, "40.0% allowed"),
        (Limits(must_trigger=True), True, "every rule triggered"),
    ],
)
def test_a_limit_says_what_was_found_and_what_is_allowed(limits, kept, says):
    (checked,) = check(limits, told(REJECTS, FOUR))
    assert (checked.kept, says in checked.told) == (kept, True)


def test_a_limit_is_held_against_what_was_found_not_against_what_is_shown():
    rule = {"rule": "a", "mode": "live", "partners": 40_004, "share": 0.4}
    assert [c.kept for partners in (40_000, 40_004) for c in check(Limits(share=0.4), {"rules": [rule | {"partners": partners}], "partners": 100_000})] == [True, False]
    close = [rule | {"partners": 40_000}, rule | {"rule": "b", "partners": 40_004}]  # both are shown as 40.0 %
    assert [c.kept for c in check(Limits(share=0.4), {"rules": close, "partners": 100_000})] == [False]
    grown = [{"rule": "a", "sends_before": before, "sends_now": now} for before, now in ((100, 110), (20, 22), (100, 111))]
    assert [c.kept for rule in grown for c in check(Limits(growth=0.1), {"against": {"rules": [rule]}})] == [True, True, False]


def test_a_rule_that_never_triggers_breaks_a_limit():
    (checked,) = check(Limits(must_trigger=True), told(BOTH.replace("a:\n    trigger: {happens: order_rejected", "a:\n    trigger: {happens: order_accepted"), FOUR))
    assert (checked.kept, checked.told) == (False, "never triggered: a")


@pytest.mark.parametrize(("before", "now", "limits", "kept"), [
    ("times: 3", "times: 2", Limits(growth=0.5), False), ("times: 2", "times: 2", Limits(growth=0.0), True),
    ("times: 2", "times: 3", Limits(lost=0.4), False), ("times: 2", "times: 3", Limits(lost=0.5), True),
])  # fmt: skip
def test_growth_and_loss_are_measured_against_the_other_set(before, now, limits, kept):
    events = rejected(("p", 0), ("p", 1), ("q", 2), ("q", 3), ("q", 4))
    job = Job([rules(REJECTS.replace("times: 2", now)), rules(REJECTS.replace("times: 2", before))], compare=True)
    (checked,) = check(limits, result(job, run(job, Told(events))))
    assert checked.kept is kept


# -- the report


def page(**job):
    job = Job([rules(BOTH), rules(REJECTS)], compare=True)
    found = result(job, run(job, Told([*FOUR, *rejected(("</script><b>", 5), ("</script><b>", 6))])))
    found["limits"] = []
    return render(found, "<yesterday>"), found


def test_the_page_says_that_history_can_not_show_an_effect():
    assert HONEST in page()[0]


def test_the_page_asks_for_nothing_from_elsewhere():
    text, _ = page()
    assert "default-src 'none'" in text
    assert [word for word in ('src="http', 'href="http', "url(http", "@import", "<link") if word in text] == []


def test_what_a_partner_is_called_ends_no_script_and_makes_no_markup():
    text, _ = page()
    assert "</script><b>" not in text
    assert "&lt;/script&gt;&lt;b&gt;" in text


def test_every_chart_has_its_numbers_in_the_page_too():
    text, found = page()
    drawn = charts(found)
    assert set(drawn) == {"funnel", "days", "hours", "zones", "dates", "members"}
    assert drawn["funnel"]["series"][0] == {"name": "sent", "values": [0.0, 100.0]}
    assert text.count('role="img"') == text.count("The table has the") == 5


# -- what was in force, and what partners made together


def changed(minute, of):
    text = "version: 1\n" + of + MESSAGES
    return change(rules(of).version, {"a.yaml": text}, START + minute * 60)


def one_partition(events, rule_sets, **job):
    """What one partition says to events, and to what concerns all partners among them."""
    lines, shard = [], Shard(rule_sets, write=lambda _, line: lines.append(json.loads(line)), **job)
    shard.take(entries(events, 0), ("events",))
    found = shard.finish(shard.last)
    return shard, found, [(d["rule"], (d["decided_at"] - START) / 60) for d in lines if d["type"] == "decision"]


ONE, TWO = ("nudges:\n" + nudge(name, "{happens: order_rejected}") for name in ("one", "two"))


def test_each_set_decides_in_its_time_and_one_that_was_named_all_the_time():
    town, changes = Town(rules(ONE)), [changed(0, ONE), changed(10, TWO), changed(60, ONE)]
    events = [changes[0], town.event("order_rejected", 9), changes[1], town.event("order_rejected", 11), changes[2]]
    assert one_partition(events, [rules(TWO)], in_force=Library(rules(TWO), changes))[2] == [("one", 9.0), ("two", 11.0)]
    assert one_partition(events, [rules(TWO)])[2] == [("two", 9.0), ("two", 11.0)]


def test_history_that_begins_later_begins_with_the_set_of_then():
    changes = [changed(0, ONE), changed(10, TWO)]
    assert one_partition([Town(rules(ONE)).event("order_rejected", 11)], [rules(ONE)], in_force=Library(rules(ONE), changes), begin=START + 660)[2] == [("two", 11.0)]


def test_a_rule_that_was_taken_out_of_force_is_among_the_results():
    changes = [changed(0, ONE), changed(10, TWO)]
    _, found, _ = one_partition([changes[0], Town(rules(ONE)).event("order_rejected", 9), changes[1]], [rules(TWO)], in_force=Library(rules(TWO), changes))
    assert _modes(rules(TWO), found.tallies[0]) == {"two": "live", "one": GONE}


def test_a_set_that_can_not_run_is_told_and_what_ran_runs_on():
    bad = changed(5, TWO)
    bad.files = {"a.yaml": "version: 1\n" + TWO.replace("order_rejected", "no_such") + MESSAGES}
    shard, _, decided = one_partition([bad, Town(rules(ONE)).event("order_rejected", 9)], [rules(ONE)], in_force=Library(rules(ONE), [changed(0, ONE), bad]))
    assert decided == [("one", 9.0)]
    assert "no_such" in shard.refused[0]


def test_figures_are_taken_up_by_every_set_where_they_hold_and_not_after_the_last_event():
    def zone(minute, level):
        at = START + minute * 60
        return BROADCAST_STRUCTS["zone_figures"](event_id=f"z{minute}", occurred_at=at, at=at - 5, zone="north", offers=9, online=3, usual=1.0, level=level)

    busy = rules("nudges:\n" + nudge("busy", '{holds: zone_demand == "high"}'))
    town = Town(busy)
    events = [town.event("logged_in", 1, zone="north"), zone(2, "high"), zone(3, "low"), town.event("logged_in", 4, "q", zone="north"), zone(60, "high")]
    _, found, decided = one_partition(events, [busy, busy], compare=True)
    assert decided == [("busy", 2.0)]
    assert found.changes.none


def test_a_job_with_changes_is_the_same_in_a_process_that_shares_no_memory():
    job = Job([rules(ONE)], changes=[changed(0, ONE), changed(10, TWO)])
    assert pickle.loads(pickle.dumps(job)).changes == job.changes


# -- topics


def test_who_was_erased_before_the_begin_is_not_brought_back_by_an_older_profile():
    town, kept = Town(rules(REJECTS)), Kept(load(), rules(REJECTS), begin=START)
    profile, erased = town.event("profile_updated", -120, first_name="Asha"), Forget(START - 3600, "p")
    entries = [(profile.occurred_at, 0, 0, profile), (erased.occurred_at, 0, 1, erased)]
    assert [e.type for *_, e in kept._within(entries, Share(1, [0]))] == ["profile_updated", "forget"]
