"""Topics made anew, or with more partitions, are refused in a sentence that says what to do: no event is taken for applied that was not."""

import pytest
from kafka import TopicPartition
from kafka.admin import NewPartitions
from kafka.structs import OffsetAndMetadata

from streams.topics import admin, create, partition_counts
from tests.journeys.shift import send, shift, truth
from tests.journeys.workers import finish, left_behind, until, working

EVENTS, PARTNERS = 4000, 50


def made_anew(settings, family):
    """The topic of a family, deleted and made again."""
    name = (settings.sources | settings.broadcasts)[family]
    with admin(settings) as client:
        client.delete_topics([name])
        until(lambda: name not in partition_counts(client, [name]), "the topic gone")
    until(lambda: create(settings) or not missing(settings, name), "the topic back")


def missing(settings, name):
    with admin(settings) as client:
        return name not in partition_counts(client, [name])


def grown(settings, *families, to=6):
    with admin(settings) as client:
        client.create_partitions({(settings.sources | settings.broadcasts)[family]: NewPartitions(total_count=to) for family in families})


def refusal(settings, folder, *options):
    """What a worker says that does not begin."""
    with working(settings, folder, "--until-caught-up", *options) as worker:
        assert worker.end() == 1, worker.log()
    return worker.log()


@pytest.mark.parametrize("later", [EVENTS // 4, EVENTS * 2], ids=["fewer events than before", "more events than before"])
def test_a_topic_made_anew_is_refused_until_the_epoch_is_raised(settings, tmp_path, later):
    before = list(shift(EVENTS, PARTNERS))
    send(settings, before)
    finish(settings, tmp_path / "a")
    made_anew(settings, "gps")
    again = list(shift(later, PARTNERS, seed=2, start=1_760_100_000.0))
    send(settings, again)
    said = refusal(settings, tmp_path / "b")
    assert f"topic {settings.sources['gps']} was deleted and made anew" in said
    assert "raise NUDGELINE_TOPIC_EPOCH by one" in said
    finish(settings.model_copy(update={"topic_epoch": 1}), tmp_path / "c")
    assert left_behind(settings) == truth(settings, before + again)


def test_a_topic_made_anew_under_a_running_worker_ends_it(settings, tmp_path):
    send(settings, shift(EVENTS, PARTNERS))
    with working(settings, tmp_path) as worker:
        until(lambda: worker.applied(EVENTS), "all applied")
        made_anew(settings, "ratings")
        assert worker.end(40) == 1
    assert f"topic {settings.sources['ratings']}" in worker.log()
    assert "NUDGELINE_TOPIC_EPOCH" in worker.log()


@pytest.mark.parametrize("options", [(), ("--processes", "2")], ids=["one worker", "two processes"])
def test_offsets_beyond_the_end_are_refused(settings, tmp_path, options):
    """Kafka lost records that were applied already."""
    send(settings, shift(EVENTS, PARTNERS))
    finish(settings, tmp_path / "a")
    far = {TopicPartition(settings.sources["orders"], 0): OffsetAndMetadata(10 * EVENTS, "", -1)}
    with admin(settings) as client:
        until(lambda: not _fails(lambda: client.alter_group_offsets(settings.app_id, far)), "the group empty")
    said = refusal(settings, tmp_path / "b", *options)
    assert f"topic {settings.sources['orders']}, partition 0: offset 40,000 is reached, and the partition ends at" in said


def _fails(call):
    from kafka.errors import KafkaError

    try:
        call()
    except KafkaError:
        return True
    return False


def test_partitions_added_to_a_running_workers_topic_end_it(settings, tmp_path):
    send(settings, shift(EVENTS, PARTNERS))
    with working(settings, tmp_path) as worker:
        until(lambda: worker.applied(EVENTS), "all applied")
        grown(settings, "gps")
        assert worker.end(40) == 1
    assert f"topic {settings.sources['gps']} has 6 partitions and had 4" in worker.log()


def test_families_that_all_grew_do_not_find_their_partners_again_and_are_refused(settings, tmp_path):
    send(settings, shift(EVENTS, PARTNERS))
    finish(settings, tmp_path / "a")
    grown(settings, *settings.sources, *settings.broadcasts)
    said = refusal(settings, tmp_path / "b")
    assert "the families' topics have 6 partitions, and partners' states were written for 4" in said
    assert "NUDGELINE_APP_ID" in said
