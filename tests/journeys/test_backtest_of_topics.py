"""What the topics keep, run through a backtest: the decisions and ids of the worker that read them, and of the same events in a file."""

import asyncio
import io
import json

import msgspec
import pytest

from analysis.backtest import Job, run
from analysis.backtest.topics import Kept
from analysis.taps import records
from commands.histories import Recorded
from simulator.importers import Cut
from simulator.sender import Sender
from streams.errors import BrokerUnreachable, TopicFault
from streams.settings import load
from tests.journeys.shift import START, rules, send, shift, truth
from tests.journeys.workers import working

EVENTS, PARTNERS = 20_000, 100


def backtested(settings, history=None, processes=2, **job):
    """The outcome, and its decisions without those of late events."""
    lines, history = io.BytesIO(), history or Kept(settings, rules())
    outcome = run(Job([rules()], settings.partitions, **job), history, processes=processes, lines=lines)
    return outcome, [json.loads(line) for line in lines.getvalue().splitlines()]


def ids(decided):
    return sorted(d.get("decision_id") or d["transition_id"] for d in decided)


def test_the_topics_give_the_decisions_and_ids_of_the_worker_and_of_the_file(settings, tmp_path):
    events = list(shift(EVENTS, PARTNERS))
    send(settings, events)
    (tmp_path / "events.ndjson").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in events))
    with working(settings, tmp_path, "--until-caught-up") as worker:
        assert worker.end() == 0, worker.log()
    live = {topic: [r.fields for r in records(settings, settings.topic(topic))] for topic in ("decisions", "segment.transitions", "nudges")}

    outcome, decided = backtested(settings)
    _, of_file = backtested(settings, Recorded(tmp_path / "events.ndjson"))
    _, of_one = backtested(settings, processes=1)

    assert outcome.found.events == EVENTS
    assert decided == of_one
    assert ids(decided) == ids(of_file)
    sent = {d["nudge_id"] for d in decided if d.get("verdict") == "send"}
    assert truth(settings, events).nudge_ids <= sent
    # The worker's partitions each stopped at their own last event; a backtest lets the timers go on to the last of all.
    of_worker = set(ids([*live["decisions"], *live["segment.transitions"]]))
    assert of_worker <= set(ids(decided))
    assert [d for d in decided if (d.get("decision_id") or d["transition_id"]) not in of_worker and d["cause"] != "-"] == []
    assert {n["nudge_id"] for n in live["nudges"]} <= sent


def test_records_that_are_no_events_are_told_with_their_place(settings):
    async def write():
        async with Sender(settings) as sender:
            sender.add("orders", b"p", b"nonsense")
            sender.add("orders", b"p", msgspec.json.encode({"type": "order_rejected", "event_id": "e", "partner_id": "p", "occurred_at": START, "order_id": "o"}))
            await sender.flush()

    asyncio.run(write())
    outcome, _ = backtested(settings)
    assert (outcome.found.events, outcome.refused["not_json"].count) == (1, 1)
    assert outcome.refused["not_json"].examples[0].startswith(f"{settings.topic('partner.orders')}/")


def test_a_time_and_a_sample_are_those_of_the_file(settings, tmp_path):
    events = list(shift(4000, 40))
    send(settings, events)
    (tmp_path / "events.ndjson").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in events))
    begin, until = events[1000]["occurred_at"], events[3000]["occurred_at"]
    outcome, decided = backtested(settings, Kept(settings, rules(), begin, until), sample=0.5)
    wanted, of_file = backtested(settings, Recorded(tmp_path / "events.ndjson", Cut(begin, until)), sample=0.5)
    assert 500 < outcome.found.events == wanted.found.events < 1500
    assert ids(decided) == ids(of_file)


def test_where_no_kafka_answers_it_is_one_sentence(unused_address):
    with pytest.raises(BrokerUnreachable, match=f"no Kafka answers at {unused_address}"):
        Kept(load(brokers=unused_address), rules()).partitions()


def test_where_topics_are_missing_it_is_told_how_to_make_them(kafka, prefix):
    with pytest.raises(TopicFault, match="missing; `nudgeline topics create` makes them"):
        Kept(load(brokers=kafka, topic_prefix=prefix + "none-"), rules()).partitions()


@pytest.fixture
def unused_address():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"
