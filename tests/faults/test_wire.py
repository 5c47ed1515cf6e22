"""The wire does to Kafka's frames what it is told, and nothing else."""

import socket
import socketserver
import struct
import threading
import time
from contextlib import contextmanager

import pytest
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7

from streams.local.processes import HOST, free_port
from tests.faults.wire import NOT_LEADER, PRODUCE, TIMED_OUT, Wires

OTHER = 18
WRITTEN = ProduceResponse_v7([("t", [(0, 0, 41, -1, 0)])], 0).encode()


class Broker(socketserver.ThreadingTCPServer):
    """Answers each frame with its correlation id and an acknowledged write, and keeps what it got."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        self.got = []
        super().__init__((HOST, 0), Handler)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(4):
            frame = self.rfile.read(*struct.unpack(">i", head))
            self.server.got.append(frame)
            answer = frame[4:8] + WRITTEN
            self.wfile.write(struct.pack(">i", len(answer)) + answer)


@contextmanager
def wired():
    with Broker() as broker:
        threading.Thread(target=broker.serve_forever, args=(0.02,), daemon=True).start()
        wires = Wires([(free_port(), broker.server_address[1])])
        wires.start()
        try:
            with socket.create_connection((HOST, wires.wires[0].port), timeout=5) as client:
                yield wires.wires[0], broker, client
        finally:
            wires.stop()
            broker.shutdown()


def ask(client, api=PRODUCE, correlation=7, topic="t"):
    body = ProduceRequest_v7(None, -1, 1000, [(topic, [(0, b"")])]).encode()
    frame = struct.pack(">hhih", api, 7, correlation, 1) + b"c" + body
    client.sendall(struct.pack(">i", len(frame)) + frame)


def answer(client):
    size = struct.unpack(">i", _exactly(client, 4))[0]
    frame = _exactly(client, size)
    return struct.unpack(">i", frame[:4])[0], frame[4:]


def _exactly(client, size):
    found = b""
    while len(found) < size:
        part = client.recv(size - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found


def code(body):
    return ProduceResponse_v7.decode(body).topics[0][1][0][1]


def test_what_nobody_asked_to_change_passes_as_it_is():
    with wired() as (_, broker, client):
        ask(client)
        assert answer(client) == (7, WRITTEN)
        assert len(broker.got) == 1


def test_a_refused_write_never_reaches_the_broker_and_the_next_one_does():
    with wired() as (wire, broker, client):
        injection = wire.inject(PRODUCE, NOT_LEADER, 1)
        ask(client)
        assert code(answer(client)[1]) == NOT_LEADER
        assert (broker.got, injection.done) == ([], 1)
        ask(client, correlation=8)
        assert answer(client) == (8, WRITTEN)


def test_answers_come_in_the_order_of_the_requests_also_when_a_later_one_is_refused():
    with wired() as (wire, _, client):
        wire.inject(PRODUCE, NOT_LEADER, 1, "refused")
        ask(client, correlation=1)
        ask(client, correlation=2, topic="refused")
        ask(client, correlation=3)
        assert [answer(client)[0] for _ in range(3)] == [1, 2, 3]


def test_a_lost_answer_leaves_the_write_with_the_broker():
    with wired() as (wire, broker, client):
        wire.inject(PRODUCE, TIMED_OUT, 1, reached=True)
        ask(client)
        assert code(answer(client)[1]) == TIMED_OUT
        assert len(broker.got) == 1


def test_an_error_for_one_topic_leaves_the_others_alone():
    with wired() as (wire, _, client):
        wire.inject(PRODUCE, NOT_LEADER, 1, "changelog")
        ask(client)
        assert answer(client) == (7, WRITTEN)
        ask(client, topic="app-changelog")
        assert code(answer(client)[1]) == NOT_LEADER


def test_a_slow_wire_takes_its_time_both_ways():
    with wired() as (wire, _, client):
        wire.delay, began = 0.1, time.monotonic()
        ask(client, api=OTHER)
        answer(client)
        assert time.monotonic() - began >= 0.2


def test_a_stalled_wire_keeps_the_connection_and_delivers_later():
    with wired() as (wire, broker, client):
        wire.stalled = True
        ask(client, api=OTHER)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            answer(client)
        assert broker.got == []
        wire.stalled = False
        client.settimeout(5)
        assert answer(client)[0] == 7


def test_a_cut_wire_ends_connections_and_one_that_refuses_takes_none():
    with wired() as (wire, _, client):
        ask(client, api=OTHER)
        answer(client)
        wire.refused = True
        wire.cut()
        with pytest.raises(ConnectionResetError):
            _exactly(client, 1)
        with socket.create_connection((HOST, wire.port), timeout=5) as refused, pytest.raises(ConnectionResetError):
            _exactly(refused, 1)
