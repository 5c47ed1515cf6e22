"""The wire between workers and the broker: errors in answers, slowness, silence, cuts."""

from __future__ import annotations

from tests.faults.fleet import until
from tests.faults.kinds.kind import kind
from tests.faults.scene import Scene
from tests.faults.wire import (
    FETCH,
    NOT_ENOUGH_REPLICAS,
    NOT_LEADER,
    PRODUCE,
    STORAGE_ERROR,
    TIMED_OUT,
    TOPIC_AUTHORIZATION_FAILED,
    Injection,
)


def _at_work(scene: Scene) -> None:
    scene.at_work(scene.rnd.randint(1, 2))
    scene.until_sent(scene.rnd.uniform(0.15, 0.4))
    until(lambda: all(scene.fleet.stream_times().values()), "something applied in every partition")


def _came(injection: Injection) -> None:
    until(lambda: injection.done >= injection.times, "the errors came")


@kind("produce errors", "produce requests refused, unread, with NOT_ENOUGH_REPLICAS; others written, and answered with REQUEST_TIMED_OUT")
def produce_errors(scene: Scene) -> None:
    _at_work(scene)
    for _ in range(3):
        reached = scene.rnd.random() < 0.5
        _came(scene.lane.wire.inject(PRODUCE, TIMED_OUT if reached else NOT_ENOUGH_REPLICAS, scene.rnd.randint(1, 4), reached=reached))
    scene.until_served()


@kind("produce refused for good", "a produce request to the changelog or an output answered with TOPIC_AUTHORIZATION_FAILED: the worker has to end, and come again")
def produce_refused(scene: Scene) -> None:
    _at_work(scene)
    topic, lives = scene.rnd.choice(("changelog", "decisions", "segment.transitions")), scene.fleet.lives
    _came(scene.lane.wire.inject(PRODUCE, TOPIC_AUTHORIZATION_FAILED, 1, topic))
    until(lambda: scene.fleet.lives > lives, "the worker ended")
    scene.until_served()


@kind("fetch errors", "fetches answered with NOT_LEADER_OR_FOLLOWER or KAFKA_STORAGE_ERROR, without records")
def fetch_errors(scene: Scene) -> None:
    _at_work(scene)
    for _ in range(3):
        _came(scene.lane.wire.inject(FETCH, scene.rnd.choice((NOT_LEADER, STORAGE_ERROR)), scene.rnd.randint(1, 6)))
    scene.until_served()


@kind("leader change", "for a while every fetch and produce is answered with NOT_LEADER_OR_FOLLOWER, then connections are cut: as near as one broker comes to it")
def leader_change(scene: Scene) -> None:
    _at_work(scene)
    injected = [scene.lane.wire.inject(api, NOT_LEADER, 10_000) for api in (FETCH, PRODUCE)]
    scene.pause(0.3, 1.5)
    until(lambda: all(i.done for i in injected), "the errors came")
    scene.lane.wire.injections = []
    scene.lane.wire.cut()
    scene.until_served()


@kind("disk full", "writes to the changelog are answered with KAFKA_STORAGE_ERROR for a while, as by a broker whose disk is full")
def disk_full(scene: Scene) -> None:
    _at_work(scene)
    full = scene.lane.wire.inject(PRODUCE, STORAGE_ERROR, 100_000, "changelog")
    scene.pause(0.5, 2.5)
    until(lambda: full.done, "the errors came")
    scene.lane.wire.injections = []
    scene.until_served()


@kind("slow", "a round trip takes 300 ms, and a worker is killed")
def slow(scene: Scene) -> None:
    scene.lane.wire.delay = 0.15
    scene.at_work(2)
    scene.until_sent(scene.rnd.uniform(0.3, 0.7))
    scene.fleet.kill(scene.any_seat())
    scene.until_served()


@kind("stalled", "nothing passes for up to twice the session, connections stay open")
def stalled(scene: Scene) -> None:
    _at_work(scene)
    scene.lane.wire.stalled = True
    scene.pause(0.5, 4.0)
    scene.lane.wire.stalled = False
    scene.until_served()


@kind("cut", "all connections are cut, again and again, in mid-request")
def cut(scene: Scene) -> None:
    _at_work(scene)
    for _ in range(scene.rnd.randint(2, 5)):
        scene.lane.wire.cut()
        scene.pause(0.05, 0.8)
    scene.until_served()
