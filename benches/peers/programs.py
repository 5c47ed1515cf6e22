"""How a peer is started: Python ones from virtual environments of their own, those on the JVM as Maven builds them. Both are made when first asked for, under .local."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benches.peers.engines import Engine

HERE = Path(__file__).parent
MADE = HERE.parents[1] / ".local" / "peers"
#: Flink looks into these two where its own serializers are made.
_JVM = ("-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED")


class NotHere(Exception):
    """A peer that cannot be run on this machine; the text says why."""


def command(engine: Engine) -> list[str]:
    """The command that runs an engine. Raises NotHere."""
    if not engine.on_jvm:
        return [str(_environment(engine.program)), str(HERE / "python" / f"{engine.program}.py"), *engine.arguments]
    jars = _built() / engine.program
    return ["java", *_JVM, "-cp", f"{jars}/{engine.program}-1.jar:{jars}/lib/*", engine.main, *engine.arguments]


def _environment(program: str) -> Path:
    """The interpreter of a peer's own environment, made anew when its requirements changed."""
    wanted, folder = HERE / "python" / f"{program}.txt", MADE / program
    python, stamp = folder / "bin" / "python", folder / "made-from.txt"
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], f"no virtual environment for {program}")
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)], f"pip does not install {wanted.name}")
        shutil.copy(wanted, stamp)
    return python


def _built() -> Path:
    """Where Maven put the peers on the JVM, built anew when their sources changed."""
    if missing := [name for name in ("mvn", "javac", "java") if shutil.which(name) is None]:
        raise NotHere(f"{' and '.join(missing)} not on PATH: a JDK of 17 or newer and Maven are needed")
    folder, digest = MADE / "jvm", _digest(HERE / "jvm")
    stamp = folder / "made-from.txt"
    if not stamp.exists() or stamp.read_text() != digest:
        _run(["mvn", "-q", "-B", "-f", str(HERE / "jvm" / "pom.xml"), f"-Dout={folder}", "package"], "Maven does not build benches/peers/jvm")
        stamp.write_text(digest)
    return folder


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def _run(words: list[str], failure: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise NotHere(f"{failure}: {said[0] if said else done.returncode}")
