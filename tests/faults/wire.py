"""A TCP proxy between workers and the broker that knows Kafka's frames: slow, stalled, cut, or answering produce and fetch with errors.

Kafka has a listener of its own for each wire, advertised at the wire's port: clients that came through it stay on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka.protocol import fetch, produce

from streams.local.processes import HOST

PRODUCE, FETCH, OFFSET_COMMIT = 0, 1, 8
LOOK = 0.02  # s between two looks at a wire that is stalled
_HEAD, _SIZE = struct.Struct(">hhih"), struct.Struct(">i")

#: What an answer with an error has else; -1 for the rest.
_NOTHING: dict[str, Any] = {"record_errors": [], "error_message": None, "aborted_transactions": [], "message_set": b""}

#: Error codes of Kafka's protocol.
NOT_LEADER, TIMED_OUT, NOT_ENOUGH_REPLICAS, STORAGE_ERROR, TOPIC_AUTHORIZATION_FAILED = 6, 7, 19, 56, 29


class Request(NamedTuple):
    """The head of a request, and where its body begins."""

    api: int
    version: int
    correlation: int
    body: int

    def struct(self, what: str) -> Any:
        """aiokafka's own struct of this request ("Request") or its answer ("Response")."""
        module, name = (produce, "Produce") if self.api == PRODUCE else (fetch, "Fetch")
        return getattr(module, f"{name}{what}_v{self.version}")

    @classmethod
    def read(cls, frame: bytes) -> Request:
        api, version, correlation, client = _HEAD.unpack_from(frame)
        return cls(api, version, correlation, _HEAD.size + max(client, 0))


@dataclass
class Injection:
    """`times` answers of one kind bear an error code. `reached`: whether the broker had the produce request all the same (a lost answer).

    `topic`: only for topics whose name contains it.
    """

    api: int
    code: int
    times: int
    topic: str = ""
    reached: bool = False
    done: int = 0

    def wants(self, names: Iterable[str]) -> bool:
        return self.done < self.times and any(self.topic in name for name in names)


@dataclass
class Wire:
    """One proxy. `delay`: s that each way takes on top; `stalled`: nothing passes, connections stay; `refused`: connections are cut."""

    port: int
    upstream: int
    delay: float = 0.0
    stalled: bool = False
    refused: bool = False
    injections: list[Injection] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def heal(self) -> None:
        self.delay, self.stalled, self.refused, self.injections = 0.0, False, False, []

    def inject(self, api: int, code: int, times: int, topic: str = "", *, reached: bool = False) -> Injection:
        injection = Injection(api, code, times, topic, reached)
        self.injections.append(injection)
        return injection

    def cut(self) -> None:
        """Cut the connections that there are; new ones are taken."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    # -- in the loop

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._connected, HOST, self.port, limit=1 << 20)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refused:
                return
            upstream = await asyncio.open_connection(HOST, self.upstream)
        except OSError:
            return
        else:
            await self._between(reader, writer, *upstream)
        finally:
            writer.transport.abort()

    async def _between(self, reader: Any, writer: Any, up_reader: Any, up_writer: Any) -> None:
        ends = {writer, up_writer}
        self._writers |= ends
        link = _Link(self, writer, up_writer)
        try:
            pumps = [asyncio.create_task(pump) for pump in (link.up(reader), link.down(up_reader))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()


class _Link:
    """One connection."""

    def __init__(self, wire: Wire, client: Any, broker: Any) -> None:
        self._wire, self._client, self._broker = wire, client, broker
        self._asked: deque[tuple[Request, bytes | None]] = deque()  # with the answer, where it is ours

    async def up(self, reader: Any) -> None:
        async for frame in self._late(reader):
            request = Request.read(frame)
            answer = self._refusal(request, frame)
            self._asked.append((request, answer))
            if answer is None:
                await _write(self._broker, frame)
            await self._answer_those_refused()

    async def down(self, reader: Any) -> None:
        async for frame in self._late(reader):
            request, _ = self._asked.popleft()
            await _write(self._client, self._answer(request, frame) if request.api in (PRODUCE, FETCH) else frame)
            await self._answer_those_refused()

    async def _answer_those_refused(self) -> None:
        """Clients want answers in the order of their requests."""
        while self._asked and (answer := self._asked[0][1]) is not None:
            self._asked.popleft()
            await _write(self._client, answer)

    async def _late(self, reader: Any) -> AsyncIterator[bytes]:
        """Frames, each as much later as the wire is slow; none while it is stalled."""
        queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue()
        clock = asyncio.get_running_loop().time
        reading = asyncio.create_task(_read(reader, queue, lambda: clock() + self._wire.delay))
        try:
            while (item := await queue.get())[1] is not None:
                await asyncio.sleep(max(0.0, item[0] - clock()))
                while self._wire.stalled:
                    await asyncio.sleep(LOOK)
                yield item[1]
        finally:
            reading.cancel()

    def _refusal(self, request: Request, frame: bytes) -> bytes | None:
        """The answer to a produce request that the broker never gets."""
        if request.api != PRODUCE or not self._wire.injections:
            return None
        topics = request.struct("Request").decode(frame[request.body :]).topics
        found = self._injection(request, [topic for topic, _ in topics], reached=False)
        if found is None:
            return None
        answer = request.struct("Response")
        spoiled = [(topic, [_spoiled(answer, number, found.code) for number, _ in parts]) for topic, parts in topics]
        return _SIZE.pack(request.correlation) + answer(topics=spoiled, throttle_time_ms=0).encode()

    def _answer(self, request: Request, frame: bytes) -> bytes:
        """The broker's answer, or what is made of it."""
        if not self._wire.injections:
            return frame
        kind = request.struct("Response")
        answer = kind.decode(frame[4:])
        found = self._injection(request, [topic for topic, _ in answer.topics], reached=True)
        if found is None:
            return frame
        answer.topics = [(topic, [_spoiled(kind, part[0], found.code) for part in parts]) for topic, parts in answer.topics]
        return frame[:4] + answer.encode()

    def _injection(self, request: Request, names: list[str], *, reached: bool) -> Injection | None:
        for injection in self._wire.injections:
            if injection.api == request.api and (request.api == FETCH or injection.reached == reached) and injection.wants(names):
                injection.done += 1
                return injection
        return None


def _spoiled(answer: Any, number: int, code: int) -> tuple[Any, ...]:
    """The part of an answer that is about one partition, with an error."""
    parts = answer.SCHEMA.fields[answer.SCHEMA.names.index("topics")].array_of.fields[1].array_of
    return tuple({"partition": number, "error_code": code, **_NOTHING}.get(name, -1) for name in parts.names)


async def _read(reader: Any, queue: asyncio.Queue[tuple[float, bytes | None]], due: Callable[[], float]) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            size = _SIZE.unpack(await reader.readexactly(4))[0]
            queue.put_nowait((due(), await reader.readexactly(size)))
    queue.put_nowait((0.0, None))


async def _write(writer: Any, frame: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(_SIZE.pack(len(frame)) + frame)
        await writer.drain()


class Wires:
    """All wires, served by one thread."""

    def __init__(self, ports: Iterable[tuple[int, int]]) -> None:
        """`ports`: (own, broker's) of each wire."""
        self.wires = [Wire(port, upstream) for port, upstream in ports]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="wires")

    def start(self) -> None:
        self._thread.start()
        for wire in self.wires:
            self._call(wire.serve())

    def stop(self) -> None:
        for wire in self.wires:
            wire.heal()
            self._call(wire.close())
        self._call(_settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


async def _settle() -> None:
    """Connections that were aborted come to their end."""
    if tasks := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
        await asyncio.wait(tasks, timeout=2)
    await asyncio.sleep(LOOK)
