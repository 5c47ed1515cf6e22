"""What is sent under load, when it is due, and how what came of it is counted. No test looks at a time."""

import pytest

from benches import catch_up, latency
from benches.sending import Job, Maker, _ticks
from events.decode import Decoder
from simulator.sender import positive_hash

JOB = Job("", "gps", "ratings", 4, "e", events=1000, rate=2000, share=20, partners=50)


class Batch:
    """As many records as fit, as (time stamp, value)."""

    def __init__(self, room):
        self.room, self.records = room, []

    def append(self, *, key, value, timestamp):
        if len(self.records) == self.room:
            return None
        self.records.append((timestamp, value))
        return True


class Producer:
    def __init__(self, room=10_000):
        self.room = room

    def create_batch(self):
        return Batch(self.room)


def sent(batches):
    return [record for _, batch in batches for record in batch.records]


@pytest.mark.parametrize(("number", "family"), [(20, "ratings"), (21, "gps")])
def test_events_are_of_the_contract(number, family):
    place, key, value = Maker(JOB, Producer()).event(number, 1_790_000_000.25)
    event = Decoder(family).decode(value, key)
    assert (event.event_id, event.occurred_at, event.partner_id.encode()) == (f"e{number}", 1_790_000_000.25, key)
    assert place == (family, positive_hash(key) % 4)


def test_an_event_goes_at_the_end_of_the_tick_in_which_it_is_due():
    ticks = list(_ticks(Maker(JOB, Producer()), JOB, 100.0, 0.0))
    assert sum(len(sent(batches)) for _, batches in ticks) == JOB.events
    assert all(100.0 <= 100.0 + at / 1000 <= end + 1e-6 for end, batches in ticks for at, _ in sent(batches))


def test_what_a_batch_does_not_take_goes_with_another():
    batches = list(Maker(JOB, Producer(room=7)).batches(range(100), 0.0, 0.001))
    assert max(len(batch.records) for _, batch in batches) == 7
    assert len({value for _, value in sent(batches)}) == 100


def test_a_backlog_lies_before_what_is_live():
    batches = Maker(JOB, Producer()).batches(range(-100, 0), 500.0, 0.5)
    assert sorted(at / 1000 for at, _ in sent(batches)) == [500.0 - 0.5 * n for n in range(100, 0, -1)]


def test_due_times_are_those_that_were_meant_and_leave_out_the_warm_up():
    assert latency.due_times(JOB, 7.0, 970) == {"e980": 7.49}


def test_a_nudge_that_is_never_seen_counts_as_long_as_it_was_waited_for():
    found = latency.figures({"a": 10.0, "b": 10.0}, {"a": 10.5}, 30.0)
    assert (found["nudges_due"], found["nudges_seen"], found["max_ms"]) == (2, 1, 20_000.0)


@pytest.mark.parametrize(("last", "kept"), [(0.2, True), (5.0, False)])
def test_a_worker_kept_the_pace_when_its_last_nudges_did_not_come_late(last, kept):
    due = {str(n): float(n) for n in range(20)}
    seen = {name: at + (last if at >= 18 else 0.1) for name, at in due.items()}
    assert latency.figures(due, seen, 100.0)["worker_kept_pace"] is kept


@pytest.mark.parametrize(("rate", "share"), [(2_000, 20), (20_000, 100), (100_000, 100)])
def test_the_more_events_the_fewer_of_them_complete_a_rule(rate, share):
    assert latency.share(rate) == share


@pytest.mark.parametrize(
    ("delays", "level"),
    [([9.0, 3.0, 0.5, 0.1], 2.5), ([0.5, 3.0, 0.5, 3.0], None), ([0.1, 0.1, 0.1, 0.1], 0.1), ([0.1, 0.1, 0.1, None], None)],
)
def test_a_worker_is_level_from_the_nudge_on_after_which_none_is_late(delays, level):
    due = {str(n): float(n) for n in range(4)}
    seen = {name: at + delay for (name, at), delay in zip(due.items(), delays, strict=True) if delay is not None}
    assert catch_up.level_from(due, seen) == level


@pytest.mark.parametrize(("speed", "seconds"), [(50_000, 2400), (20_000, None), (0, None)])
def test_an_outage_in_full_is_caught_up_with_by_what_is_faster_than_live(speed, seconds):
    assert catch_up.in_full(20_000, 3600.0, speed) == seconds
