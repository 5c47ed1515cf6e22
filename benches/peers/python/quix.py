"""Quix Streams: a stateful function over a streaming data frame; the state lies in RocksDB with a changelog, commits each second."""

from __future__ import annotations

from job import Meter, given
from quixstreams import Application
from step import new, step

app = Application(
    broker_address=given("BROKERS"), consumer_group=given("GROUP"), auto_offset_reset="earliest", commit_interval=1.0, state_dir=given("FOLDER"), loglevel="WARNING",
)  # fmt: skip
meter = Meter(int(given("EVENTS")))


def steps(event, state):
    meter.begin()
    partner = state.get("partner") or new()
    said = step(partner, event)
    state.set("partner", partner)
    if meter.event():
        app.stop()
    return [{"partner": event["partner_id"], "what": what, "event_id": event["event_id"]} for what in said]


frame = app.dataframe(app.topic(given("TOPIC"), value_deserializer="json", key_deserializer="str"))
frame.apply(steps, stateful=True, expand=True).to_topic(app.topic(given("OUT"), value_serializer="json", key_serializer="str"))

if __name__ == "__main__":
    app.run()
    meter.report()
