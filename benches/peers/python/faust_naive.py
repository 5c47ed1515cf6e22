"""faust-streaming as its documentation teaches it: an agent takes one event after the other, a table holds the partners; at least once, as it is shipped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import faust
from job import Meter, given
from step import new, step

PARTITIONS = int(given("PARTITIONS"))
app = faust.App(
    given("GROUP"), broker=f"kafka://{given('BROKERS')}", store="memory://", topic_partitions=PARTITIONS, topic_replication_factor=1, broker_commit_interval=1.0,
    table_standby_replicas=0, topic_disable_leader=True, web_enabled=False, datadir=given("FOLDER"),
)  # fmt: skip
meter = Meter(int(given("EVENTS")))


class PartnerEvent(faust.Record, serializer="json"):
    type: str
    event_id: str
    partner_id: str
    occurred_at: float
    order_id: str = ""
    lat: float = 0.0
    lon: float = 0.0
    stars: int = 0
    feature: str = ""


class Nudge(faust.Record, serializer="json"):
    partner: str
    what: str
    event_id: str


source = app.topic(given("TOPIC"), key_type=str, key_serializer="raw", value_type=PartnerEvent)
out = app.topic(given("OUT"), key_type=str, key_serializer="raw", value_type=Nudge)
partners = app.Table("partners", partitions=PARTITIONS)


@app.agent(source)
async def steps(events):
    async for event in events:
        meter.begin()
        partner = partners.get(event.partner_id) or new()
        for what in step(partner, event.asdict()):
            await out.send(key=event.partner_id, value=Nudge(event.partner_id, what, event.event_id))
        partners[event.partner_id] = partner
        if meter.event():
            meter.report()
            asyncio.get_running_loop().call_later(2.0, os.kill, os.getpid(), signal.SIGTERM)  # what is under way is sent by then


if __name__ == "__main__":
    sys.argv[1:] = ["--quiet", "worker", "-l", "error", "--without-web"]
    app.main()
