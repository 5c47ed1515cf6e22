"""The engines that are compared, and how each is kept durable."""

from __future__ import annotations

from typing import NamedTuple


class Engine(NamedTuple):
    """`program`: a file of `python/`, or a module of `jvm/` with its `main` class; `events`: how many it gets at most, by its speed."""

    name: str
    title: str
    durable: str
    program: str
    events: int
    arguments: tuple[str, ...] = ()
    main: str = ""

    @property
    def on_jvm(self) -> bool:
        return bool(self.main)


_FEW, _SOME, _MANY = 100_000, 500_000, 2_000_000
_STREAMS, _FLINK = ("kafka-streams", "nudgeline.peers.KafkaStreamsPeer"), ("flink", "nudgeline.peers.FlinkPeer")

ENGINES = (
    Engine("faust", "faust-streaming 0.15.3, naive", "changelog; neither it nor outputs awaited", "faust_naive", _FEW),
    Engine("quix", "Quix Streams 3.28", "RocksDB + changelog, 1 s", "quix", _SOME),
    Engine("bytewax-volatile", "Bytewax 0.21", "nothing", "bytewax_flow", _SOME),
    Engine("bytewax", "Bytewax 0.21", "recovery store, epochs of 1 s", "bytewax_flow", _SOME, ("recovery",)),
    Engine("streams-json", "Kafka Streams 4.1, state as JSON", "RocksDB + changelog, 1 s", _STREAMS[0], _MANY, ("rocksdb", "json"), _STREAMS[1]),
    Engine("streams", "Kafka Streams 4.1, binary serde by hand", "RocksDB + changelog, 1 s", _STREAMS[0], _MANY, ("rocksdb", "binary"), _STREAMS[1]),
    Engine("streams-memory", "Kafka Streams 4.1, binary serde by hand", "memory + changelog, 1 s", _STREAMS[0], _MANY, ("memory", "binary"), _STREAMS[1]),
    Engine("flink", "Flink 2.2, parallelism 2", "heap, checkpoints of 1 s", _FLINK[0], _MANY, ("2",), _FLINK[1]),
    Engine("flink-1", "Flink 2.2, parallelism 1", "heap, checkpoints of 1 s", _FLINK[0], _MANY, ("1",), _FLINK[1]),
)  # fmt: skip


def chosen(names: list[str]) -> list[Engine]:
    """Engines by name; all where none is named. Raises SystemExit for a name that is none."""
    known = {engine.name: engine for engine in ENGINES}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no engine is called {unknown[0]!r}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(ENGINES)
