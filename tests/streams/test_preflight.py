"""A worker that cannot work says so in one sentence, within seconds."""

import asyncio
import socket
import threading
import time

import pytest
from kafka.admin import NewTopic

from streams.errors import BrokerUnreachable, TopicFault, UnsupportedKafka, WrongCredentials
from streams.plan import ORIGINAL_KEPT
from streams.preflight import _check_versions, original_kept, preflight
from streams.settings import load
from streams.topics import admin, create


def refusal(kind, **given):
    begun = time.monotonic()
    with pytest.raises(kind) as e:
        asyncio.run(preflight(load(**given), patience=1.0))
    assert time.monotonic() - begun < 5
    assert "\n" not in str(e.value)
    return str(e.value)


def test_right_topics_are_counted(settings):
    assert set(asyncio.run(preflight(settings)).values()) == {4}


def test_a_closed_port_is_no_kafka():
    assert "start it" in refusal(BrokerUnreachable, brokers="127.0.0.1:1")


def test_an_address_that_is_none_is_named():
    assert "no HOST:PORT" in refusal(BrokerUnreachable, brokers="kafka")


def test_missing_topics_are_named_with_the_command_that_makes_them(kafka, prefix):
    text = refusal(TopicFault, brokers=kafka, topic_prefix=prefix)
    assert f"{prefix}partner.gps" in text
    assert "topics create" in text


def test_families_with_different_partitions_are_refused(kafka, prefix):
    wrong = load(brokers=kafka, topic_prefix=prefix)
    with admin(wrong) as client:
        client.create_topics([NewTopic(f"{prefix}partner.gps", 3, 1), NewTopic(f"{prefix}partner.orders", 4, 1)])
    create(wrong)
    assert f"{prefix}partner.gps: 3" in refusal(TopicFault, brokers=kafka, topic_prefix=prefix)


def test_a_wrong_password_is_said_to_be_one(services):
    given = {"brokers": services.kafka.sasl_bootstrap, "security_protocol": "SASL_PLAINTEXT", "sasl_username": "ops"}
    assert "refuses the user 'ops'" in refusal(WrongCredentials, sasl_password="wrong", **given)


def test_the_right_password_gets_in(services, prefix):
    given = {"brokers": services.kafka.sasl_bootstrap, "security_protocol": "SASL_PLAINTEXT", "sasl_username": "ops", "topic_prefix": prefix}
    with pytest.raises(TopicFault):
        asyncio.run(preflight(load(sasl_password="secret", **given)))


def test_plain_text_to_a_tls_or_sasl_port_points_at_the_protocol(services):
    assert "NUDGELINE_SECURITY_PROTOCOL" in refusal(BrokerUnreachable, brokers=services.kafka.sasl_bootstrap)


def test_something_else_that_listens_is_told_from_kafka():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_garble, args=(server,), daemon=True).start()
        assert "NUDGELINE_SECURITY_PROTOCOL" in refusal(BrokerUnreachable, brokers=f"127.0.0.1:{server.getsockname()[1]}")


def _garble(server):
    for _ in range(3):
        client, _ = server.accept()
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        client.close()


def test_an_old_kafka_is_refused():
    with pytest.raises(UnsupportedKafka, match="too old"):
        _check_versions({0: (0, 7), 1: (0, 9), 8: (0, 8), 11: (0, 5)})


def test_a_dead_letter_may_hold_as_much_as_its_topic_takes(settings):
    assert asyncio.run(original_kept(settings)) > 20_000_000


def test_where_the_topic_can_not_be_asked_little_is_kept(kafka, prefix):
    assert asyncio.run(original_kept(load(brokers=kafka, topic_prefix=prefix))) == ORIGINAL_KEPT
