"""Topics are made once, with the shape that they need."""

from kafka.admin import ConfigResource, ConfigResourceType

from streams.app import changelog, make_changelog
from streams.settings import load
from streams.topics import DEAD_LETTER_BYTES, admin, check, create, partition_counts


def test_making_topics_twice_makes_none_the_second_time(kafka, prefix):
    settings = load(brokers=kafka, topic_prefix=prefix, partitions=3)
    assert len(create(settings)) == 16
    assert create(settings) == []
    assert check(settings) == []


def test_a_missing_topic_gets_as_many_partitions_as_the_others(kafka, prefix):
    settings = load(brokers=kafka, topic_prefix=prefix, partitions=3)
    create(settings)
    with admin(settings) as client:
        client.delete_topics([f"{prefix}partner.app"])
    other = load(brokers=kafka, topic_prefix=prefix, partitions=8)
    create(other)
    assert check(other) == []


def test_a_dead_letter_of_any_size_is_taken(settings):
    name = settings.topic("dead.letters")
    with admin(settings) as client:
        described = str(client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)]))
    assert str(DEAD_LETTER_BYTES) in described


def test_the_changelog_is_there_before_a_worker_begins_and_is_made_once(settings):
    """Faust assigns nothing of a topic that Kafka does not show yet."""
    for _ in range(2):
        make_changelog(settings, 3)
        with admin(settings) as client:
            assert partition_counts(client, [changelog(settings)]) == {changelog(settings): 3}
