"""One node of Apache Kafka (KRaft: broker and controller in one process)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from streams.errors import LocalFault
from streams.local.jars import java, kafka_classpath
from streams.local.processes import HOST, Child, answers, free_port

_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_STARTED = "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info"
_CLUSTER = "bnVkZ2VsaW5lLWxvY2FsMQ"
MAX_MESSAGE = 32 * 1024 * 1024


class LocalKafka:
    """`start` and `stop` as often as you like: port and data stay. `users`: opens a second listener with SASL/PLAIN for them."""

    def __init__(self, folder: Path, *, heap_mb: int = 256, users: dict[str, str] | None = None, port: int | None = None) -> None:
        self.folder, self.heap_mb, self.users = folder.absolute(), heap_mb, users or {}
        self.port = port or free_port()
        self._controller, self._sasl = free_port(), free_port()
        self.child: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def sasl_bootstrap(self) -> str:
        """The listener that wants a user and a password."""
        return f"{HOST}:{self._sasl}"

    def start(self, say: Callable[[str], None] = lambda _: None, *, tied: bool = True) -> None:
        """Start it and wait until it takes requests. Raises LocalFault."""
        classpath = kafka_classpath(say)
        say("starting Kafka")
        config = self.folder / "server.properties"
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(classpath, config)
        config.write_text(self._properties())
        command = [java(), f"-Xmx{self.heap_mb}m", *_JVM, _STARTED, "-cp", classpath, "kafka.Kafka", str(config)]
        self.child = Child(command, self.folder / "kafka.log", tied=tied)
        self.child.wait_until(lambda: answers(self.port), "Kafka")

    def stop(self) -> None:
        """End it in an orderly way."""
        if self.child is not None:
            self.child.stop(patience=15)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.child is not None:
            self.child.kill()

    def _format(self, classpath: str, config: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        config.write_text(self._properties())
        command = [java(), "-Xmx128m", *_JVM, "-cp", classpath, "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode:
            raise LocalFault(f"Kafka's folder {self.folder} can't be prepared: {_reason(done.stderr or done.stdout)}")

    def _properties(self) -> str:
        listeners = [f"PLAINTEXT://{HOST}:{self.port}", *([f"SASL_PLAINTEXT://{HOST}:{self._sasl}"] if self.users else [])]
        settings = {
            "process.roles": "broker,controller", "node.id": 1, "controller.quorum.voters": f"1@{HOST}:{self._controller}",
            "listeners": ",".join([*listeners, f"CONTROLLER://{HOST}:{self._controller}"]), "advertised.listeners": ",".join(listeners),
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT", "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false", "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1, "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1, "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0, "group.min.session.timeout.ms": 1000, "message.max.bytes": MAX_MESSAGE,
            "log.index.size.max.bytes": 1 << 20, "log.cleaner.dedupe.buffer.size": 16 << 20, "log.retention.hours": -1,
            "num.network.threads": 2, "num.io.threads": 4, "background.threads": 2, "socket.request.max.bytes": 200 << 20,
        }  # fmt: skip
        if self.users:
            entries = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
            settings |= {
                "sasl.enabled.mechanisms": "PLAIN",
                "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"org.apache.kafka.common.security.plain.PlainLoginModule required {entries};",
            }
        return "".join(f"{key}={value}\n" for key, value in settings.items())




def _reason(text: str) -> str:
    """The lines of a Java failure that say what it is."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("at ", "..."))]
    return " / ".join(lines[-3:]) or "no reason given"
