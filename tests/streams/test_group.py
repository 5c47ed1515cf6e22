"""The group seen from outside."""

import pytest

from streams.errors import TopicFault
from streams.group import behind, committed_of
from streams.settings import load


class Client:
    """An admin client that knows one topic of two partitions, ten records in each; `committed` by partition."""

    def __init__(self, committed):
        self.committed = committed

    def describe_topics(self, names):
        return [{"name": name, "error_code": 0, "partitions": [0, 1]} for name in names if name == "partner.gps"]

    def list_group_offsets(self, asked):
        return {group: {tp: At(self.committed[tp.partition]) for tp in tps if tp.partition in self.committed} for group, tps in asked.items()}

    def list_partition_offsets(self, asked):
        return {tp: At(0 if spec == -2 else 10) for tp, spec in asked.items()}


class At:
    def __init__(self, offset):
        self.offset = offset


@pytest.mark.parametrize(("committed", "left"), [({}, 20), ({0: -1}, 20), ({0: 4}, 16), ({0: 10, 1: 10}, 0)])
def test_what_is_not_committed_is_behind(committed, left):
    assert behind(Client(committed), load()) == left


def test_more_committed_than_there_is_is_a_fault():
    with pytest.raises(TopicFault, match="partition 1: offset 11 is reached, and the partition ends at 10"):
        behind(Client({0: 10, 1: 11}), load())


class Asked(Client):
    """Has every topic; writes down who is asked about what."""

    def __init__(self):
        super().__init__({})
        self.asked = {}

    def describe_topics(self, names):
        return [{"name": name, "error_code": 0, "partitions": [0]} for name in names]

    def list_group_offsets(self, asked):
        self.asked |= {group: {tp.topic for tp in tps} for group, tps in asked.items()}
        return super().list_group_offsets(asked)


def test_each_group_is_asked_about_what_it_reads():
    """A family that is re-keyed was read raw by the workers before, perhaps from a topic that was made anew since: that is no fault of theirs."""
    client, settings = Asked(), load(rekey=["orders"])
    assert len(committed_of(client, settings)) == 2
    assert client.asked["nudgeline"] == {*settings.sources.values(), *settings.broadcasts.values()} - {"partner.orders"} | {"nudgeline-rekey-partner.orders"}
    assert client.asked["nudgeline-rekey"] == {"partner.orders"}
