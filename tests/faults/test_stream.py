"""Streams are the same each time, and spoiled as their names say."""

import pytest

from events.decode import Decoder
from events.errors import BadEvent
from tests.faults.stream import SPOILERS, stream


@pytest.mark.parametrize("kind", SPOILERS)
def test_a_stream_of_one_seed_is_the_same_bytes_each_time(kind):
    again = stream.__wrapped__(kind, 3, 800)
    assert again == stream.__wrapped__(kind, 3, 800)
    assert again != stream.__wrapped__(kind, 4, 800)


def refused(records):
    count = 0
    for record in records:
        try:
            Decoder(record.family).decode(record.value, record.key)
        except BadEvent:
            count += 1
    return count


def test_a_poisoned_stream_has_all_of_the_plain_one_and_what_nobody_can_read():
    plain, poisoned = stream("plain", 1, 2000), stream("poisoned", 1, 2000)
    assert [r for r in poisoned if r.at is not None] == list(plain)
    assert refused(poisoned) == len(poisoned) - len(plain) > 0
    assert refused(plain) == 0
