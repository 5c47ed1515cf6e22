"""Settings come from the environment, once, and say what is wrong with them."""

from pathlib import Path

import pytest

from streams.errors import SettingsError
from streams.settings import load, reference


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("NUDGELINE_PARTITIONS", "12")
    monkeypatch.setenv("NUDGELINE_TOPICS", '{"partner.gps": "couriers.gps"}')
    settings = load(topic_prefix="x.")
    assert (settings.partitions, settings.topic("partner.gps"), settings.topic("nudges")) == (12, "couriers.gps", "x.nudges")


def test_secrets_are_masked():
    assert "hush" not in repr(load(sasl_password="hush", redis_password="hush"))


@pytest.mark.parametrize(("name", "value"), [("PARTITIONS", "0"), ("CLOCK", "sun"), ("TOPICS", '{"x": "y"}'), ("REKEY", '["gpx"]'), ("REKEY", "orders")])
def test_a_wrong_value_is_named_in_one_sentence(monkeypatch, name, value):
    monkeypatch.setenv(f"NUDGELINE_{name}", value)
    with pytest.raises(SettingsError, match=name if value != "orders" else "JSON"):
        load()


def test_sasl_and_tls_settings_reach_the_clients():
    given = load(security_protocol="SASL_PLAINTEXT", sasl_username="u", sasl_password="p").kafka_client()
    assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("u", "p")
    assert load(security_protocol="SSL").kafka_client()["ssl_context"] is not None


def test_a_certificate_that_is_not_there_is_said():
    with pytest.raises(SettingsError, match="can't be read"):
        load(security_protocol="SSL", ssl_cafile=Path("/nonexistent.pem")).tls()


def test_the_settings_page_is_current():
    assert (Path(__file__).parents[2] / "docs" / "settings.md").read_text() == reference()


def test_views_are_left_out_where_redis_is_none(monkeypatch):
    monkeypatch.setenv("NUDGELINE_REDIS_URL", "none")
    assert load().redis_url == ""
