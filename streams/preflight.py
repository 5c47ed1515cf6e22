"""Before a worker starts: is there a Kafka, does it let us in, is it new enough, are the topics right? If not: one sentence, within seconds."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import create_conn
from aiokafka.errors import AuthenticationFailedError, AuthenticationMethodNotSupported, KafkaError, SaslAuthenticationFailed

from streams.errors import BrokerUnreachable, TopicFault, UnsupportedKafka, WrongCredentials
from streams.plan import ORIGINAL_KEPT
from streams.settings import Settings
from streams.topics import problems, wanted

#: Lowest (api key, version) that the worker needs: Produce 7 (zstd), Fetch 10 (zstd), OffsetCommit 3, JoinGroup 2 — Apache Kafka 2.1.
NEEDED = {0: ("Produce", 7), 1: ("Fetch", 10), 8: ("OffsetCommit", 3), 11: ("JoinGroup", 2)}
OLDEST = "2.1"
#: Bytes of a dead letter beside its original.
ENVELOPE = 4096


async def preflight(settings: Settings, patience: float = 5.0) -> dict[str, int]:
    """Number of partitions of every topic. Raises a StreamsError whose text is one sentence."""
    try:
        async with asyncio.timeout(2 * patience):
            await _handshake(settings, patience)
            there = await partitions_of(settings, [t.name for t in wanted(settings)])
    except TimeoutError:
        raise _unreachable(settings, f"gave no answer in {2 * patience:.0f} s that Kafka would give") from None
    except (KafkaError, OSError) as e:
        raise _unreachable(settings, f"does not answer as Kafka does ({type(e).__name__}: {e})") from e
    if found := problems(settings, there):
        raise TopicFault("; ".join(found))
    return there


async def _handshake(settings: Settings, patience: float) -> None:
    """Talk to the first address that accepts connections: TLS, log-in, versions."""
    refusals = []
    for address in settings.brokers.split(","):
        host, port = _host_port(address)
        try:
            socket.create_connection((host, port), timeout=patience).close()
        except OSError as e:
            refusals.append(f"{address} ({e.strerror or e})")
        else:
            await _greet(settings, host, port, patience)
            return
    raise BrokerUnreachable(f"no Kafka answers at {', '.join(refusals)}; start it (`nudgeline services up` starts a local one) or set NUDGELINE_BROKERS")


def _host_port(address: str) -> tuple[str, int]:
    host, _, port = address.strip().rpartition(":")
    if not host or not port.isdigit():
        raise BrokerUnreachable(f"NUDGELINE_BROKERS: {address!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


async def _greet(settings: Settings, host: str, port: int, patience: float) -> None:
    options = {k: v for k, v in settings.kafka_client().items() if k != "bootstrap_servers"}
    try:
        connection = await asyncio.wait_for(create_conn(host, port, request_timeout_ms=int(patience * 1000), **options), patience)
    except ssl.SSLError as e:
        raise WrongCredentials(f"no TLS connection to Kafka at {host}:{port}: {e.reason or e}; see NUDGELINE_SECURITY_PROTOCOL and NUDGELINE_SSL_CAFILE") from e
    except (SaslAuthenticationFailed, AuthenticationFailedError, AuthenticationMethodNotSupported) as e:
        hint = "see NUDGELINE_SASL_MECHANISM, _USERNAME and _PASSWORD"
        raise WrongCredentials(f"Kafka at {host}:{port} refuses the user {settings.sasl_username!r}: {e}; {hint}") from e
    except (TimeoutError, KafkaError, OSError, ValueError, struct.error) as e:
        raise _unreachable(settings, f"does not answer as Kafka does ({type(e).__name__}: {e or 'no answer'})") from e
    try:
        _check_versions(connection._versions)  # noqa: SLF001 - what the broker offered; aiokafka has no public name for it
    finally:
        connection.close()


def _check_versions(offered: Mapping[int, tuple[int, int]]) -> None:
    for key, (name, version) in NEEDED.items():
        if offered.get(key, (0, -1))[1] < version:
            raise UnsupportedKafka(f"this Kafka is too old: it lacks {name} version {version}; Apache Kafka {OLDEST} or newer is needed")


@asynccontextmanager
async def _asked(settings: Settings, name: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """aiokafka's admin client; closed in the end."""
    client = AIOKafkaAdminClient(**settings.kafka_client(), client_id=f"{settings.app_id}-{name}")
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def partitions_of(settings: Settings, topics: list[str], name: str = "preflight") -> dict[str, int]:
    """Number of partitions of each of the topics that exists. `name`: what the broker sees of who asks. Raises KafkaError."""
    async with _asked(settings, name) as client:
        described = await client.describe_topics(topics)
    return {t["topic"]: len(t["partitions"]) for t in described if not t["error_code"]}


async def original_kept(settings: Settings) -> int:
    """How many bytes of a bad record fit, in base64, into a record of the dead-letter topic; a careful guess where we may not ask."""
    try:
        async with _asked(settings, "preflight") as client:
            answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic("dead.letters"))])
        limit = next(int(config[1]) for answer in answers for _, _, _, _, configs in answer.resources for config in configs if config[0] == "max.message.bytes")
    except (KafkaError, OSError, ValueError, StopIteration):
        return ORIGINAL_KEPT
    return max(limit - ENVELOPE, 0) * 3 // 4


def _unreachable(settings: Settings, what: str) -> BrokerUnreachable:
    hint = "is it Kafka, and is NUDGELINE_SECURITY_PROTOCOL right?"
    return BrokerUnreachable(f"what listens at {settings.brokers} {what}; {hint}")
