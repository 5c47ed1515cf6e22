"""Topics: made with the right shape, and checked before anything relies on them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import AuthorizationError, KafkaError, MessageSizeTooLargeError, RecordListTooLargeError, TopicAlreadyExistsError

from events import FAMILIES
from events.broadcasts import BROADCASTS
from events.decode import MAX_BROADCAST_BYTES
from streams.errors import BrokerUnreachable, TopicFault
from streams.settings import OUTPUTS, Settings

#: A dead letter carries a whole original in base64; one is never refused for its size.
DEAD_LETTER_BYTES = 30 * 1024 * 1024
_DAY_MS = 86_400_000


@contextmanager
def asked(settings: Settings) -> Iterator[None]:
    """What the broker does not answer, or refuses, is said in one sentence. Raises BrokerUnreachable, TopicFault."""
    try:
        yield
    except (AuthorizationError, MessageSizeTooLargeError, RecordListTooLargeError) as e:
        raise TopicFault(f"Kafka at {settings.brokers} refuses: {e}") from e
    except KafkaError as e:
        raise BrokerUnreachable(f"Kafka at {settings.brokers} does not answer ({e}); is it running, and is NUDGELINE_BROKERS right?") from e


@dataclass(frozen=True)
class Topic:
    """A topic as it should be. `families` share one number of partitions; outputs may have another."""

    name: str
    source: bool
    config: dict[str, str] = field(default_factory=dict)


def wanted(settings: Settings) -> list[Topic]:
    """Every topic of the contract, under its name in Kafka."""
    sources = [Topic(settings.topic(f.topic), source=True, config=_compacted() if f.compacted else {}) for f in FAMILIES.values()]
    sources += [Topic(settings.topic(b.topic), source=True, config=_broadcast_config(compacted=b.compacted)) for b in BROADCASTS.values()]
    return sources + [Topic(settings.topic(name), source=False, config=_output_config(name)) for name in OUTPUTS]


def _compacted() -> dict[str, str]:
    return {"cleanup.policy": "compact"}


def _broadcast_config(*, compacted: bool) -> dict[str, str]:
    """A whole rule set is one record; what need not be kept stays as long as outputs do."""
    kept = _compacted() if compacted else {"retention.ms": str(7 * _DAY_MS)}
    return kept | {"max.message.bytes": str(MAX_BROADCAST_BYTES)}


def _output_config(name: str) -> dict[str, str]:
    if name == "partner.features":
        return _compacted()
    days = 30 if name == "dead.letters" else 7
    config = {"retention.ms": str(days * _DAY_MS)}
    return config | ({"max.message.bytes": str(DEAD_LETTER_BYTES)} if name == "dead.letters" else {})


@contextmanager
def admin(settings: Settings, timeout: float = 10.0) -> Iterator[KafkaAdminClient]:
    """kafka-python's admin client on the settings' brokers; closed in the end."""
    client = KafkaAdminClient(**settings.kafka_client(), client_id=f"{settings.app_id}-admin", request_timeout_ms=int(timeout * 1000))
    try:
        yield client
    finally:
        client.close()


def partition_counts(client: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Number of partitions of each topic that exists."""
    return {name: len(t["partitions"]) for name, t in describe(client, names).items()}


def describe(client: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, Any]]:
    """What Kafka says of each topic that exists."""
    described: list[dict[str, Any]] = client.describe_topics(names)
    return {str(t.get("name", t.get("topic"))): t for t in described if not t["error_code"]}


def create(settings: Settings) -> list[str]:
    """Make the topics that are missing and give their names. Raises TopicFault where Kafka refuses."""
    with admin(settings) as client:
        there = partition_counts(client, [t.name for t in wanted(settings)])
        missing = [t for t in wanted(settings) if t.name not in there]
        partitions = _partitions(settings, there)
        for topic in missing:
            _create(client, topic, partitions, settings.replication)
        _until_known(client, [t.name for t in missing])
    return [t.name for t in missing]


def make(settings: Settings, topic: Topic, partitions: int) -> None:
    """Make one topic, if it is not there. Raises TopicFault where Kafka refuses."""
    with admin(settings) as client:
        if topic.name not in partition_counts(client, [topic.name]):
            _create(client, topic, partitions, settings.replication)
            _until_known(client, [topic.name])


def _until_known(client: KafkaAdminClient, names: list[str], patience: float = 20.0) -> None:
    """A topic that was made is known to every broker a little later."""
    deadline = time.monotonic() + patience
    while len(partition_counts(client, names)) < len(names):
        if time.monotonic() > deadline:
            raise TopicFault(f"Kafka took the request for {', '.join(names)}, and does not show them after {patience:.0f} s")
        time.sleep(0.05)


def _partitions(settings: Settings, there: dict[str, int]) -> int:
    """New topics get as many partitions as the families that exist; else what the settings say."""
    existing = {there[name] for name in settings.sources.values() if name in there}
    return existing.pop() if len(existing) == 1 else settings.partitions


def _create(client: KafkaAdminClient, topic: Topic, partitions: int, replication: int) -> None:
    try:
        client.create_topics([NewTopic(topic.name, partitions, replication, topic_configs=topic.config)])
    except TopicAlreadyExistsError:
        return  # somebody was faster
    except KafkaError as e:
        raise TopicFault(f"Kafka does not make the topic {topic.name}: {e}") from e


def check(settings: Settings) -> list[str]:
    """What is wrong with the topics, a sentence each; empty when all is well."""
    with admin(settings) as client:
        there = partition_counts(client, [t.name for t in wanted(settings)])
    return problems(settings, there)


def problems(settings: Settings, there: dict[str, int]) -> list[str]:
    """The same, from the numbers of partitions that there are."""
    missing = [t.name for t in wanted(settings) if t.name not in there]
    found = [f"{_listed(missing)} missing; `nudgeline topics create` makes {'it' if len(missing) == 1 else 'them'}"] if missing else []
    counts: dict[int, list[str]] = {}
    for family, name in (settings.sources | settings.broadcasts).items():
        if name in there and family not in settings.rekey:
            counts.setdefault(there[name], []).append(name)
    if len(counts) > 1:
        spelled = "; ".join(f"{', '.join(names)}: {count}" for count, names in sorted(counts.items()))
        found.append(f"the families' topics, and those that concern all partners, must have the same number of partitions, or a partner's events lie apart: {spelled}")
    return found


def partition_count(settings: Settings, there: dict[str, int]) -> int:
    """How many partitions the families have; those that are re-keyed may have another number."""
    return next((there[name] for family, name in settings.sources.items() if family not in settings.rekey), settings.partitions)


def _listed(names: list[str]) -> str:
    return f"topic {names[0]} is" if len(names) == 1 else f"topics {', '.join(names)} are"
