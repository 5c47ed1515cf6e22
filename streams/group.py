"""The consumer group seen from outside: how far it is behind, and how a member that died is taken out of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, MemberToRemove, OffsetSpec
from kafka.errors import KafkaError

from streams.errors import TopicFault
from streams.identity import beyond
from streams.settings import Settings
from streams.topics import admin, partition_counts

log = logging.getLogger("nudgeline.supervisor")

TIMEOUT = 5.0  # s for one request


def behind(client: KafkaAdminClient, settings: Settings) -> int:
    """Records that lie in the source topics and are not committed, over all workers; where families are re-keyed, also those not yet re-keyed.

    What is committed was applied, and its outputs and states are acknowledged. Raises KafkaError, and TopicFault where more is committed than there is.
    """
    return sum(_behind(client, group, topics) for group, topics in _groups(settings).items())


def _groups(settings: Settings) -> dict[str, list[str]]:
    """Who reads what: the workers the topics of the families, and where families are re-keyed, the re-keyer those that producers write."""
    raw = [settings.sources[family] for family in settings.rekey]
    return {settings.app_id: [*settings.read.values(), *settings.broadcasts.values()]} | ({f"{settings.app_id}-rekey": raw} if raw else {})


def _behind(client: KafkaAdminClient, group: str, topics: list[str]) -> int:
    standing = _standing(client, group, topics)
    _refuse_what_lies_beyond(standing)
    return sum(max(0, end - max(committed, begin)) for begin, committed, end in standing.values())


def _standing(client: KafkaAdminClient, group: str, topics: list[str]) -> dict[TopicPartition, tuple[int, int, int]]:
    """Of each partition: its first offset, what is committed (-1: nothing), and the offset of the next record to be written."""
    tps = [TopicPartition(name, number) for name, count in partition_counts(client, topics).items() for number in range(count)]
    committed = {tp: at.offset for tp, at in client.list_group_offsets({group: tps})[group].items()}
    begins = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.EARLIEST))
    ends = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.LATEST))
    return {tp: (begins[tp].offset, committed.get(tp, -1), ends[tp].offset) for tp in tps}


def check_offsets(settings: Settings) -> None:
    """Before a worker begins: is all that is committed there? Raises TopicFault. While it runs, the lane sees it."""
    try:
        with admin(settings, TIMEOUT) as client:
            standing = committed_of(client, settings)
    except (KafkaError, OSError) as e:
        log.info("the group's offsets can't be looked at before the start: %s", e)
        return
    for each in standing:
        _refuse_what_lies_beyond(each)


def committed_of(client: KafkaAdminClient, settings: Settings) -> list[dict[TopicPartition, tuple[int, int, int]]]:
    """Of each group of ours, where it stands in what it reads: first offset, committed, end. Raises KafkaError."""
    return [_standing(client, group, topics) for group, topics in _groups(settings).items()]


def _refuse_what_lies_beyond(standing: Mapping[TopicPartition, tuple[int, int, int]]) -> None:
    for tp, (_, committed, end) in standing.items():
        if committed > end:
            raise TopicFault(beyond(tp.topic, tp.partition, committed, end))


def bury(settings: Settings, name: str) -> None:
    """Take a dead member out of the group, in the background: its partitions go to the others now, not after the session's time.

    `name`: its client id. Should it fail, the session's time is waited for as if nothing had been tried.
    """
    threading.Thread(target=_bury, args=(settings, name), name=f"bury {name}", daemon=True).start()


def _bury(settings: Settings, name: str) -> None:
    try:
        log.info("%s: %d taken out of the group", name, len(remove(settings, name)))
    except (KafkaError, OSError) as e:
        log.warning("%s can't be taken out of the group, which will notice in %.0f s: %s", name, settings.session_timeout, e)


def remove(settings: Settings, name: str) -> list[str]:
    """Take the members with this client id out of our groups; their ids. Raises KafkaError."""
    gone = list[str]()
    with admin(settings, TIMEOUT) as client:
        for group in _groups(settings):
            members: list[Any] = client.describe_groups([group])[group]["members"]
            if ids := [m["member_id"] for m in members if m["client_id"] == name]:
                client.remove_group_members(group, [MemberToRemove(member_id=i) for i in ids])
                gone += ids
    return gone
