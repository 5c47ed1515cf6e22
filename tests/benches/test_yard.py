"""The yardstick is the same on every machine: its stream to the byte, and what has to come of it."""

import hashlib

import pytest

from benches import yard

#: Events, partners, seed; SHA-256 of the stream; what every engine has to give, and what our language has to, counted and as digests.
KNOWN = (60_000, 100, 5)
STREAM = "17b76c49a5245c461645649843c4a3966773533f305f9bdb04ec41a1f852d860"
PLAIN = yard.Outcome({"Y2": 1, "Y3": 18, "Y4": 252, "Y5": 26, "enter": 280, "exit": 257}, "afc37eafd4157d1f")
EXACT = yard.Outcome({"Y2": 1, "Y3": 18, "Y4": 252, "Y5": 26, "enter": 286, "exit": 263}, "34405ec83a234ec6")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("yard") / "events"
    yard.stream(path, *KNOWN)
    return path


def test_the_stream_is_the_known_one_to_the_byte(file):
    assert hashlib.sha256(file.read_bytes()).hexdigest() == STREAM


def test_every_engine_is_asked_for_the_known_answer(file):
    assert yard.answer(file) == PLAIN


def test_the_brute_force_gives_the_known_outcome(file):
    assert yard.exact_outcome(yard.expected(file)) == EXACT


def test_what_is_expected_comes_in_order_of_partner_and_time(file):
    lines = [line.split("\t") for line in yard.expected(file)]
    assert lines == sorted(lines, key=lambda each: (each[0], float(each[2])))
