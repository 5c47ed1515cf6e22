"""Where runs take place: one Kafka for all, and lanes that runs have for themselves, each with a wire and a Redis."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.local.kafka import LocalKafka
from streams.local.processes import HOST, free_port
from streams.local.redis import LocalRedis
from tests.faults.wire import Wire, Wires


class WiredKafka(LocalKafka):
    """Has one more listener for each wire, advertised at the wire's port."""

    def __init__(self, folder: Path, wires: int, *, heap_mb: int = 512) -> None:
        super().__init__(folder, heap_mb=heap_mb)
        self.wires = [(free_port(), free_port()) for _ in range(wires)]  # (wire's, broker's)

    def _properties(self) -> str:
        lines = dict(line.partition("=")[::2] for line in super()._properties().splitlines())
        for number, (wire, own) in enumerate(self.wires):
            lines["listeners"] += f",WIRE{number}://{HOST}:{own}"
            lines["advertised.listeners"] += f",WIRE{number}://{HOST}:{wire}"
            lines["listener.security.protocol.map"] += f",WIRE{number}:PLAINTEXT"
        lines |= {"file.delete.delay.ms": "100", "offsets.topic.num.partitions": "1", "num.network.threads": "1", "log.cleaner.backoff.ms": "200"}
        return "".join(f"{key}={value}\n" for key, value in lines.items())


@dataclass
class Lane:
    """What one run has for itself while it runs."""

    wire: Wire
    redis: LocalRedis
    kafka: WiredKafka

    @property
    def wired(self) -> str:
        """Kafka's address through the wire."""
        return f"{HOST}:{self.wire.port}"


class Ground:
    """A context manager: Kafka, wires and Redis servers; all of them end with it."""

    def __init__(self, folder: Path, lanes: int = 1) -> None:
        self.folder = folder
        self.kafka = WiredKafka(folder / "kafka", lanes)
        self._wires = Wires(self.kafka.wires)
        self.lanes = [Lane(wire, LocalRedis(folder / f"redis{n}"), self.kafka) for n, wire in enumerate(self._wires.wires)]

    def __enter__(self) -> Self:
        try:
            self.kafka.start()
            for lane in self.lanes:
                lane.redis.start()
            self._wires.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wires.stop()
        self._end()

    def _end(self) -> None:
        for lane in self.lanes:
            lane.redis.stop()
        self.kafka.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
