"""Whether the source topics are still the ones that partners' states were made from: their ids, and their numbers of partitions.

Offsets mean nothing across a topic that was deleted and made anew: up to the old ones its events would be taken for applied. Keys move when
partitions are added, and partners' states do not. Both are refused, at the start and while running.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from kafka.errors import KafkaError

from streams.errors import BrokerUnreachable, TopicFault
from streams.settings import Settings
from streams.topics import admin, describe

log = logging.getLogger("nudgeline.worker")

LOOK_EVERY = 10.0  # s between two looks at the topics while running
NO_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Shape:
    """A topic as Kafka has it. `identity` is empty where Kafka gives topics no ids (before 2.8)."""

    partitions: int
    identity: str


def shapes(settings: Settings, names: list[str]) -> dict[str, Shape]:
    """Those of the topics that exist. Raises KafkaError."""
    with admin(settings) as client:
        return {name: Shape(len(t["partitions"]), _identity(t.get("topic_id"))) for name, t in describe(client, names).items()}


def at_the_start(settings: Settings, partitions: int, changelog: str) -> dict[str, Shape]:
    """The topics that a worker reads, as they are when it begins. Raises TopicFault where partners' states lie in another number of partitions."""
    try:
        found = shapes(settings, [*settings.read.values(), *settings.broadcasts.values(), changelog])
    except (KafkaError, OSError) as e:
        raise BrokerUnreachable(f"Kafka does not say what the topics are: {e}; is it up?") from e
    states = found.pop(changelog, None)
    if states is not None and states.partitions != partitions:
        raise TopicFault(apart(changelog, states.partitions, partitions))
    return found


def _identity(found: object) -> str:
    return "" if found is None or str(found) == NO_ID else str(found)


def changed(before: Mapping[str, Shape], now: Mapping[str, Shape]) -> str | None:
    """What happened to topics that a worker reads, in a sentence; None when nothing did. What is not described now is not judged."""
    for name, was in before.items():
        found = now.get(name, was)
        if found.identity and was.identity and found.identity != was.identity:
            return anew(name)
        if found.partitions != was.partitions:
            return grown(name, was.partitions, found.partitions)
    return None


def anew(name: str) -> str:
    return (
        f"topic {name} was deleted and made anew: its offsets begin again, and its events would be taken for applied up to the old ones; "
        "raise NUDGELINE_TOPIC_EPOCH by one for all workers"
    )


def grown(name: str, was: int, now: int) -> str:
    return (
        f"topic {name} has {now} partitions and had {was}: keys move with the number, and partners' states do not; give every family that number, "
        "and begin with another NUDGELINE_APP_ID, which reads the topics anew"
    )


def apart(changelog: str, states: int, families: int) -> str:
    """The families have another number of partitions than when partners' states were written."""
    return (
        f"the families' topics have {families} partitions, and partners' states were written for {states} ({changelog}): keys move with the number, "
        "and states do not; begin with another NUDGELINE_APP_ID, which reads the topics anew"
    )


def beyond(name: str, partition: int, offset: int, end: int) -> str:
    """What is committed, or read already, lies past the end of its partition."""
    return (
        f"topic {name}, partition {partition}: offset {offset:,} is reached, and the partition ends at {end:,}: it was made anew, or Kafka lost "
        "records; events would be taken for applied. Raise NUDGELINE_TOPIC_EPOCH by one for all workers, and if this stands, delete the group's "
        "offsets of the topic (kafka-consumer-groups.sh --delete-offsets)"
    )


def other_than_restored(restored: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """The same from the ids that stand in the changelog, by the name that offsets are kept under; None when all is well."""
    for name, was in restored.items():
        if now.get(name, was) != was:
            return anew(name)
    return None


async def until_changed(settings: Settings, before: Mapping[str, Shape]) -> TopicFault:
    """Look at the topics every few seconds; the fault, once there is one. A broker that does not answer is asked again."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            said = changed(before, await asyncio.to_thread(shapes, settings, list(before)))
        except (KafkaError, OSError) as e:
            log.debug("topics can't be looked at: %s", e)
        else:
            if said is not None:
                return TopicFault(said)
