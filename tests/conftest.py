"""Real parts for tests: one Kafka and one Redis for the whole run, on free loopback ports. Tests keep apart by topic prefix."""

import itertools
import os
from pathlib import Path

import pytest

from streams.local import LocalServices
from streams.settings import load
from streams.topics import create

_numbers = itertools.count(1)
DATA = Path(os.environ.get("NUDGELINE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items):
    """Whatever asks for Kafka carries the mark, so that `-m 'not kafka'` leaves it out."""
    for item in items:
        if {"kafka", "services"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    with LocalServices(tmp_path_factory.mktemp("services"), heap_mb=400, users={"ops": "secret"}) as running:
        yield running


@pytest.fixture
def kafka(services):
    """The address of a real Kafka."""
    return services.bootstrap


@pytest.fixture
def redis_url(services):
    """The address of a real Redis."""
    return services.redis_url


@pytest.fixture
def prefix():
    """A prefix for topics and keys that no other test uses."""
    return f"t{os.getpid()}-{next(_numbers)}-"


@pytest.fixture
def settings(services, prefix, tmp_path):
    """Settings on real parts, with the topics made."""
    name = prefix.rstrip("-")
    found = load(
        brokers=services.bootstrap, redis_url=services.redis_url, topic_prefix=prefix, app_id=name, redis_prefix=name, clock="events", data_dir=tmp_path,
    )  # fmt: skip
    create(found)
    return found
