"""Bytewax: a stateful map. With the argument `recovery` its state goes to a recovery store at the end of each epoch of a second, without it nowhere."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from job import Meter, given
from step import new, step

meter = Meter(int(given("EVENTS")))
decode, encode = msgspec.json.Decoder().decode, msgspec.json.encode


def read(message):
    meter.begin()
    return message.key.decode(), decode(message.value)


def steps(partner, event):
    partner = partner or new()
    said = [(event["event_id"], what) for what in step(partner, event)]
    meter.event()
    return partner, said


def nudges(pair):
    partner, said = pair
    return [KafkaSinkMessage(partner.encode(), encode({"partner": partner, "what": what, "event_id": event_id})) for event_id, what in said]


def recovery(folder):
    """A new recovery store."""
    folder.mkdir()
    init_db_dir(folder, 1)
    return RecoveryConfig(folder)


flow = Dataflow("yardstick")
source = kop.input("events", flow, brokers=[given("BROKERS")], topics=[given("TOPIC")], batch_size=5000, tail=False)
stepped = op.stateful_map("steps", op.map("read", source.oks, read), steps)
kop.output("out", op.flat_map("nudges", stepped, nudges), brokers=[given("BROKERS")], topic=given("OUT"))

if __name__ == "__main__":
    store = recovery(Path(given("FOLDER"), "recovery")) if "recovery" in sys.argv[1:] else None
    cli_main(flow, epoch_interval=timedelta(seconds=1), recovery_config=store)
    meter.report()
