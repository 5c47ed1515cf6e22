"""The recordings through the core, without Kafka: the nudges are those that plain pandas expects. test_sendy.py and test_doordash.py ask the same of Kafka."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from events import FAMILIES
from events.decode import Decoder
from simulator.importers import open_source
from tests.journeys.expected_doordash import slow_events
from tests.journeys.expected_sendy import stuck_arrivals
from training_rules import Corridor, load_rules

RULES = Path(__file__).parent / "rules"
Find = Callable[[str], Path]


def outputs(rules: str, recording: Path) -> Iterator[Any]:
    """All that the core decides on a recording, up to a day after its last event."""
    corridor = Corridor(load_rules(RULES / rules))
    decoders = {name: Decoder(name).decode for name in FAMILIES}
    for family, key, value, _ in open_source(recording).events():
        yield from corridor.feed(decoders[family](value, key))
    yield from corridor.advance(corridor.stream_time + 86400)


def test_every_order_that_waited_half_an_hour_is_told_once(recording: Find) -> None:
    folder = recording("sendy")
    causes = [output.cause for output in outputs("sendy_stuck.yaml", folder) if output.type == "nudge"]
    assert sorted(causes) == sorted(stuck_arrivals(folder))


def test_every_third_slow_delivery_of_a_day_is_told_once(recording: Find) -> None:
    folder = recording("doordash_like")
    decisions = [output for output in outputs("doordash_slow.yaml", folder) if output.type == "decision"]
    assert sorted(tuple(decision.evidence["events"]) for decision in decisions) == sorted(slow_events(folder))
