"""The parts of a soak: its stream, its pace, what it holds the workers to, and the rules by which it fails. `make soak` runs it."""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from events.decode import Decoder
from streams.app import plan
from streams.settings import load
from tests.faults.soak import memory, report
from tests.faults.soak.crew import children_of
from tests.faults.soak.lines import Lines, last
from tests.faults.soak.memory import growth, resident_mb
from tests.faults.soak.run import STALLED, Failed, _look
from tests.faults.soak.sender import MOST, paced
from tests.faults.soak.stream import Job, Stream
from tests.faults.soak.strikes import Strike, strikes
from tests.faults.soak.truth import Said, Truth, difference, told_missing
from tests.faults.soak.watch import Blow, Sample, Watch
from tests.faults.stream import RULES, rules
from training_rules import Corridor, House

JOB = Job(seed=3, partners=40, events=9000, rate=1000.0, speed=60.0, start=1_760_000_000.0, began=100.0)
SETTINGS = load(redis_url="none", clock="events", partitions=4, rules=[RULES])


def made(job=JOB):
    return list(Stream(job, 4).events())


def truth(events, chunk):
    found, events = Truth(Stream(JOB, 4), SETTINGS, rules()), iter(events)
    while part := list(itertools.islice(events, chunk)):
        found.take(part)
    return found


# -- the stream


def test_the_stream_of_one_seed_is_the_same_bytes_each_time():
    assert made() == made()
    assert made() != made(JOB._replace(seed=4))


def test_all_events_are_of_the_contract_and_no_two_happen_at_the_same_moment():
    keys, times = Stream(JOB, 4).keys, []
    for family, who, value, at in made():
        event = Decoder(family).decode(value, keys[who])
        assert event.occurred_at == at
        times.append(at)
    assert times == sorted(set(times))


def test_each_order_has_an_id_of_its_own_however_often_a_shift_is_gone_round():
    offers = [(who, Decoder(family).decode(value, f"P{who:06d}".encode()).order_id) for family, who, value, _ in made(JOB._replace(partners=3)) if b"order_offered" in value]
    assert len(offers) == len(set(offers)) > 500


def test_event_times_follow_the_pace_and_do_not_drift_from_it():
    times = [at for *_, at in made()]
    assert all(0 <= at - JOB.time_at(JOB.began + number / JOB.rate) < JOB.speed / JOB.rate for number, at in enumerate(times))


# -- the pace


@pytest.mark.parametrize(("moment", "due"), [(99.0, 0), (100.0, 0), (100.5, 500), (109.0, 9000), (500.0, 9000)])
def test_so_much_is_due_by_a_moment(moment, due):
    assert JOB.due(moment) == due


class Broker:
    """A sender that takes what it is given."""

    def __init__(self):
        self.sent, self.flushed, self.moments, self._added = 0, [], [], []

    def add(self, family, key, value):
        self._added.append((family, key, value))

    async def flush(self):
        self.flushed.append(self._added)
        self.moments.append(time.monotonic())
        self.sent, self._added = self.sent + len(self._added), []


def paced_by(job, folder):
    stream, broker = Stream(job, 4), Broker()
    asyncio.run(paced(job, stream, broker, Lines(folder / "sender")))
    return [(family, stream.keys[who], value) for family, who, value, _ in made(job)], broker


def test_what_is_late_is_sent_whole_in_order_and_in_pieces(tmp_path):
    wanted, broker = paced_by(JOB._replace(events=MOST + 5, began=0.0), tmp_path)
    assert list(itertools.chain(*broker.flushed)) == wanted
    assert [len(part) for part in broker.flushed] == [MOST, 5]
    assert last(tmp_path / "sender")["sent"] == MOST + 5


def test_nothing_is_sent_before_it_is_due(tmp_path):
    job = JOB._replace(events=300, began=time.monotonic() + 1.0)
    wanted, broker = paced_by(job, tmp_path)
    assert list(itertools.chain(*broker.flushed)) == wanted
    for sent, moment in zip(itertools.accumulate(map(len, broker.flushed)), broker.moments, strict=True):
        assert sent <= job.due(moment)


# -- what has to come of it


def test_the_truth_does_not_depend_on_how_the_stream_is_cut():
    one, other = truth(made(), 9000), truth(made(), 7)
    assert len(one.said) > 100
    assert sorted(one.said.digests) == sorted(other.said.digests)
    assert (one.states(), one.ends) == (other.states(), other.ends)


def test_the_truth_is_what_the_core_says_of_each_partition_one_event_after_the_other():
    found, stream = truth(made(), 500), Stream(JOB, 4)
    topics, names = plan(SETTINGS, rules()).outputs, {s.family: s.name for s in plan(SETTINGS, rules()).sources}
    corridors, offsets, said = [Corridor(rules(), house=House(n, 4)) for n in range(4)], {}, 0
    for family, who, value, _ in made():
        lies = stream.places[who], names[family]
        offsets[lies] = offsets.get(lies, -1) + 1
        out = corridors[stream.places[who]].feed(Decoder(family).decode(value, stream.keys[who]), names[family], offsets[lies])
        said += sum(o.__class__ in topics for o in out)
    assert {who: state["now"] for who, state in found.states().items()} == {who: state.now for corridor in corridors for who, state in corridor.partners.items()}
    assert len(found.said) == said
    assert found.ends == {(name, place): at + 1 for (place, name), at in offsets.items()}


def test_an_event_that_is_applied_twice_shows_in_the_state():
    events = made()
    family, who, value, _ = events[-2]
    forgotten = value.replace(b'"event_id":"', b'"event_id":"x')  # as if its id were not remembered any more
    assert forgotten != value
    twice = [*events[:-1], (family, who, forgotten, events[-1][3] - 1e-5), events[-1]]
    assert truth(twice, 500).states() != truth(events, 500).states()


def said(*values):
    found = Said()
    for number, value in enumerate(values):
        found.add("nudges", b'{"type":"nudge","nudge_id":"n1","title":"%s"}' % value, number)
    return found


@pytest.mark.parametrize(
    ("found", "missing", "unknown", "repeated"),
    [
        (said(b"a", b"b"), [], [], 0),
        (said(b"b", b"a", b"b", b"b"), [], [], 2),
        (said(b"b"), [0], [], 0),
        (said(b"a", b"b", b"c"), [], [2], 0),
        (said(b"a", b"B"), [1], [1], 0),
        (said(), [0, 1], [], 0),
    ],
    ids=["the same", "repeated", "missing", "unknown", "other words under the same id", "nothing"],
)
def test_outputs_are_missing_unknown_or_repeated(found, missing, unknown, repeated):
    assert difference(said(b"a", b"b"), found) == (missing, unknown, repeated)


def test_the_same_words_on_another_topic_are_another_output():
    other = Said()
    other.add("decisions", b'{"type":"nudge","nudge_id":"n1","title":"a"}', 0)
    assert difference(said(b"a"), other) == ([0], [0], 0)


def test_a_missing_output_is_told_by_its_partner_and_by_where_in_the_stream_it_came():
    found = truth(made(), 500)
    assert found.said.hints[-1] >> 24 == 8500
    assert told_missing(5000 << 24 | 17) == "missing: an output of partner P000017, of the events from number 5,000"


# -- memory


def thirds(first, middle, end):
    return [(float(at), mb) for at, mb in enumerate([first] * 10 + [middle] * 10 + [end] * 10)]


@pytest.mark.parametrize(("middle", "end", "flat"), [(100, 100, True), (100, 105, True), (100, 106, False), (100, 60, True)])
def test_memory_is_flat_when_its_last_third_is_at_most_a_twentieth_over_the_middle_one(middle, end, flat):
    assert growth(thirds(20, middle, end), 30).flat is flat


def test_what_grows_without_end_is_not_flat():
    assert not growth([(float(at), 100.0 + at) for at in range(300)], 300).flat


def test_a_peak_while_partitions_are_taken_over_is_no_growth():
    assert growth([(at, 900.0 if at % 5 == 0 else mb) for at, mb in thirds(20, 100, 100)], 30).flat


@pytest.mark.parametrize("samples", [[], thirds(1, 1, 1)[:20], thirds(1, 1, 1)[20:]], ids=["none", "no end", "no middle"])
def test_without_samples_of_both_thirds_nothing_is_said(samples):
    assert growth(samples, 30) is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_resident_memory_is_told_of_a_process_that_lives():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.communicate()
    assert resident_mb(process.pid) is None
    assert resident_mb(os.getpid()) > 10


# -- kills


def test_strikes_come_about_as_often_as_is_asked_and_the_same_each_time():
    found = strikes(1, 3600, 120)
    assert found == strikes(1, 3600, 120) != strikes(2, 3600, 120)
    gaps = [b - a for a, b in itertools.pairwise([0.0, *(s.at for s in found)])]
    assert all(59.9 <= gap <= 180.1 for gap in gaps)
    assert 3600 - 60 - 180 <= found[-1].at <= 3600 - 60


def test_in_the_first_sixth_it_is_anyone_and_then_the_eldest_is_spared():
    found = [s for seed in range(20) for s in strikes(seed, 3600, 120)]
    assert {s.victims for s in found if s.at < 600} == {(0,), (1,), (0, 1)}
    assert {s.victims for s in found if s.at >= 600} == {(1,)}


class Crew:
    """Workers that hold what the test says."""

    def __init__(self, times):
        self.times, self.struck = times, []

    def strike(self, victims):
        self.struck.append(victims)
        return [100 + victim for victim in victims]

    def resident(self):
        return {7: 50.0, 8: 60.0}

    def served(self, partitions, since):
        return len(self.times) == partitions and min(self.times.values()) >= since

    def reached(self, partitions):
        return min(self.times.values()) if len(self.times) == partitions else 0.0


def test_a_blow_counts_as_recovered_from_when_every_partition_has_passed_its_moment():
    crew = Crew(dict.fromkeys(range(4), JOB.time_at(101.0)))
    watch = Watch(JOB, crew, {}, [Strike(2.0, (1,))])
    watch.look(101.9)
    assert (crew.struck, watch.blows) == ([], [])
    watch.look(102.0)
    watch.look(103.0)
    assert (crew.struck, watch.blows) == ([(1,)], [Blow(2.0, [101])])
    crew.times = dict.fromkeys(range(3), JOB.time_at(104.0))
    watch.look(104.0)
    assert watch.blows[0].recovered_s is None
    crew.times[3] = JOB.time_at(102.0)
    watch.look(105.5)
    assert watch.blows[0].recovered_s == 3.5


def test_the_slowest_partition_says_how_far_behind_the_workers_are():
    watch = Watch(JOB, Crew({0: JOB.time_at(103.0), 1: JOB.time_at(103.9), 2: JOB.time_at(103.9), 3: JOB.time_at(103.9)}), {}, [])
    assert watch.behind(104.0) == pytest.approx(1.0)
    assert watch.behind(500.0) == pytest.approx(6.0), "the stream ends after nine seconds"


SLEEPS = "import subprocess, sys; a = [subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE) for _ in range(3)]; print(*(p.pid for p in a), flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_who_may_be_killed_are_the_children_of_the_supervisor_the_eldest_first():
    with subprocess.Popen([sys.executable, "-c", SLEEPS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert children_of(parent.pid) == pids
        parent.stdin.close()
        parent.wait()
    assert children_of(parent.pid) == []


def working(**changed):
    """All that `_look` looks at."""
    crew = Crew(dict.fromkeys(range(4), JOB.start))
    crew.running, crew.tail = changed.get("running", True), "the end of a log"
    began = time.monotonic() - changed.get("behind", 0.0)
    checker = SimpleNamespace(running=changed.get("checking", True), status=3, tail=lambda: "the end of another")
    return Watch(JOB._replace(began=began, events=10**9), crew, {}, []), checker


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"running": False}, "the supervisor ended: the end of a log"),
        ({"checking": False}, "the checker ended with 3: the end of another"),
        ({"behind": STALLED + 5}, "a partition is 305 s behind the stream"),
    ],
)
def test_a_soak_that_makes_no_sense_any_more_is_broken_off_with_the_reason(tmp_path, changed, says):
    with pytest.raises(Failed, match=says):
        _look(*working(**changed), tmp_path, [])


def test_progress_is_told_each_ten_seconds(tmp_path, capsys):
    progress = []
    for behind in (5, 11, 12, 25):
        _look(*working(behind=behind), tmp_path, progress)
    assert [round(p["at"]) for p in progress] == [11, 25]
    assert [line.partition(":")[0].strip() for line in capsys.readouterr().err.splitlines()] == ["11 s", "25 s"]


# -- what is said in the end


def watched(mb_of, blows=2):
    watch = Watch(JOB._replace(events=900_000), Crew({}), {}, [])
    watch.samples = [Sample(float(at), {7: 50.0, 8: mb_of(at)}, {"kafka": 300.0}, 1.5) for at in range(0, 900, 2)]
    watch.blows = [Blow(60.0 * n, [n], 4.0) for n in range(blows)]
    return watch


def came(watch, checked=None, seconds=900.0, ended_with=0):
    return report.verdict(watch, CHECKED | (checked or {}), seconds, []) | {"ended_with": ended_with}


CHECKED = {"lost": 0, "doubled": 0, "repeated": 3, "wanted": {}, "found": {}, "notes": []}


@pytest.mark.parametrize(
    ("checked", "mb_of", "line", "clean"),
    [
        ({}, lambda at: 60.0, "soak of 15 minutes: 2 kills, lost 0, doubled 0, memory flat", True),
        ({"lost": 2}, lambda at: 60.0, "soak of 15 minutes: 2 kills, lost 2, doubled 0, memory flat", False),
        ({"doubled": 1}, lambda at: 60.0, "soak of 15 minutes: 2 kills, lost 0, doubled 1, memory flat", False),
        ({}, lambda at: 60.0 + at / 10, "soak of 15 minutes: 2 kills, lost 0, doubled 0, memory NOT flat", False),
    ],
)
def test_a_soak_fails_where_something_is_lost_or_doubled_or_memory_grows(checked, mb_of, line, clean):
    found = came(watched(mb_of), checked)
    assert (report.last_line(found), report.clean(found)) == (line, clean)


def test_a_worker_that_grows_is_seen_though_the_others_die_young():
    watch = watched(lambda at: 60.0 + at / 20)
    watch.samples = [replace(s, mb={s.at // 60 + 1000: 500.0, 8: s.mb[8]}) for s in watch.samples]
    growths = watch.growths()
    assert growths["together"].flat
    assert not growths["eldest"].flat


def test_a_soak_without_kills_says_nothing_of_them_and_fails():
    assert not report.clean(came(watched(lambda at: 60.0, blows=0)))


def test_a_blow_that_was_never_recovered_from_is_a_fault():
    watch = watched(lambda at: 60.0)
    watch.blows[1].recovered_s = None
    assert not report.clean(came(watch))


def test_workers_that_had_to_be_cut_off_in_the_end_are_a_fault():
    assert report.clean(came(watched(lambda at: 60.0)))
    assert not report.clean(came(watched(lambda at: 60.0), ended_with=3))


def test_a_short_soak_does_not_judge_memory():
    found = came(watched(lambda at: 60.0 + at), seconds=memory.JUDGED_FROM - 1)
    assert (found["flat"], report.clean(found)) == (None, True)


def test_each_row_of_the_table_tells_of_its_own_minutes():
    progress = [{"at": float(at), "sent": 1000 * at, "nudges": at // 10} for at in range(10, 901, 10)]
    rows = report.rows(watched(lambda at: 60.0 if at < 300 else 80.0).samples, progress, 900.0)
    assert [(r["to_minute"], r["events_per_s"], r["mb_most"], r["together_mb"]) for r in rows] == [(5, 1000, 60.0, 110.0), (10, 1000, 80.0, 130.0), (15, 1000, 80.0, 130.0)]
    assert sum(r["nudges"] for r in rows) == 89
