"""Topics are told from those that partners' states were made from."""

from streams.identity import Shape, changed, other_than_restored

GPS = {"gps": Shape(4, "a")}


def test_the_same_topics_are_the_same():
    assert changed(GPS, GPS) is None


def test_another_id_is_another_topic():
    assert "topic gps was deleted and made anew" in changed(GPS, {"gps": Shape(4, "b")})


def test_more_partitions_are_told():
    assert "topic gps has 6 partitions and had 4" in changed(GPS, {"gps": Shape(6, "a")})


def test_a_topic_that_is_not_described_is_not_judged():
    assert changed(GPS, {}) is None


def test_a_kafka_without_ids_is_not_judged_by_them():
    assert changed({"gps": Shape(4, "")}, GPS) is None
    assert changed(GPS, {"gps": Shape(4, "")}) is None


def test_states_made_from_another_topic_are_told():
    assert "NUDGELINE_TOPIC_EPOCH" in other_than_restored({"gps": "a"}, {"gps": "b"})


def test_after_the_epoch_was_raised_the_old_names_mean_nothing():
    assert other_than_restored({"gps": "a"}, {"gps#1": "b"}) is None
