"""Partitioners are told by where keys lie."""

from types import SimpleNamespace

import pytest

from streams.partitioner import ENOUGH, KNOWN, Guard, apart, by_crc32, by_fnv1a, by_murmur2, recognise

KEYS = [f"partner-{n}".encode() for n in range(200)]
TOPICS = {"orders": "partner.orders", "ratings": "partner.ratings", "gps": "partner.gps"}


@pytest.mark.parametrize(("key", "expected"), [  # of Apache Kafka's own UtilsTest.testMurmur2
    (b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971), (b"abc", 479470107),
])  # fmt: skip
def test_murmur2_is_that_of_java(key, expected):
    assert by_murmur2(key, 1 << 20) == (expected & 0x7FFFFFFF) % (1 << 20)


def test_crc32_is_that_of_librdkafka():
    assert by_crc32(b"123456789", 1 << 32) == 0xCBF43926


def test_fnv1a_is_that_of_sarama():
    assert by_fnv1a(b"a", 1 << 32) == abs(0xE40C292C - (1 << 32))
    assert by_fnv1a(b"", 1 << 32) == abs(0x811C9DC5 - (1 << 32))


def spread(place, partitions=4, keys=KEYS):
    return [(key, place(key, partitions)) for key in keys]


@pytest.mark.parametrize("name", KNOWN)
def test_each_is_recognised(name):
    assert recognise(spread(KNOWN[name]), 4).name == name


def test_what_none_of_them_does_is_unknown():
    assert recognise([(key, n % 4) for n, key in enumerate(KEYS)], 4).name == ""


def test_from_few_keys_nothing_is_concluded():
    assert recognise(spread(by_crc32, keys=KEYS[: ENOUGH - 1]), 4) is None
    assert recognise(spread(by_crc32, keys=KEYS[:1] * 100), 4) is None


def found(**places):
    return {family: place and recognise(spread(place), 4) for family, place in places.items()}


def test_families_of_the_same_partitioner_are_fine_whichever_it_is():
    assert apart(found(orders=by_crc32, ratings=by_crc32), TOPICS) == ""
    assert apart(found(orders=by_murmur2, ratings=None), TOPICS) == ""


def test_families_that_lie_apart_are_told_with_both_ways_out():
    said = apart(found(orders=by_crc32, ratings=by_murmur2, gps=None), TOPICS)
    assert "partner.orders by CRC-32 (librdkafka's default)" in said
    assert "partitioner=murmur2_random" in said
    assert """NUDGELINE_REKEY='["orders"]'""" in said


def test_where_none_is_murmur2_all_of_them_are_to_be_rekeyed():
    assert """NUDGELINE_REKEY='["orders", "ratings"]'""" in apart(found(orders=by_crc32, ratings=by_fnv1a), TOPICS)


def test_a_family_spread_without_its_keys_is_told_even_alone():
    assert "no partitioner known here" in apart({"orders": recognise([(key, n % 4) for n, key in enumerate(KEYS)], 4)}, TOPICS)


def run(places, batches=200, partitions=4):
    guard, said = Guard(dict.fromkeys(places, ""), partitions), []
    for n in range(batches):
        for family, place in places.items():
            key = KEYS[n % len(KEYS)]
            said.append(guard.look(family, [SimpleNamespace(key=key)], place(key, partitions)))
    return guard, [text for text in said if text]


def test_a_guard_is_silent_while_families_agree():
    guard, said = run({"orders": by_crc32, "ratings": by_crc32})
    assert (said, guard.names()) == ([], {"orders": "crc32", "ratings": "crc32"})


def test_a_guard_speaks_when_families_lie_apart():
    assert run({"orders": by_crc32, "ratings": by_murmur2})[1]


def test_with_one_partition_there_is_nothing_to_guard():
    assert run({"orders": by_crc32, "ratings": by_murmur2}, partitions=1)[1] == []


def test_a_producer_that_changes_is_noticed():
    guard, said = run({"orders": by_murmur2, "ratings": by_murmur2})
    for key in KEYS * 2:
        said.append(guard.look("orders", [SimpleNamespace(key=key)], by_crc32(key, 4)))
    assert any(said)
