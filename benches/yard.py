"""The yardstick as others keep it: a deterministic stream, five rules, their exact outcome, and the figures of its peers."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

YARD = Path(__file__).resolve().parents[2] / "shared" / "yardstick"
RULES = YARD / "rules.yaml"


def at_hand() -> None:
    """Ends the process, in words, where the yardstick is not here."""
    if not YARD.is_dir():
        print("the yardstick is not at hand: ../shared/yardstick is no folder", file=sys.stderr)
        sys.exit(2)


def stream(path: Path, events: int, partners: int, seed: int) -> None:
    """Write the yardstick's events, one a line behind its key."""
    with path.open("wb") as made:
        subprocess.run([sys.executable, YARD / "workload.py", str(events), str(partners), str(seed)], stdout=made, check=True)


def expected(path: Path) -> list[str]:
    """What has to come of them, a line each: partner, what, time and cause."""
    return subprocess.run([sys.executable, YARD / "exact.py", path, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()


class Outcome(NamedTuple):
    """How often what came out, and the xor of the BLAKE2b hashes (8 bytes, hexadecimal) of all of it, whatever its order."""

    counts: dict[str, int]
    digest: str


def outcome(told: Iterable[tuple[str, str]]) -> Outcome:
    """Counts by the first of each pair, the digest over the second."""
    counts: Counter[str] = Counter()
    digest = 0
    for what, text in told:
        counts[what] += 1
        digest ^= int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    return Outcome(dict(sorted(counts.items())), f"{digest:016x}")


def exact_outcome(lines: Iterable[str]) -> Outcome:
    """The outcome of lines as `expected` and `spelled` have them, as exact.py gives it."""
    fields = (line.split("\t") for line in lines)
    return outcome((what, f"{partner}|{what}|{cause}|{at}") for partner, what, at, cause in fields)


def answer(path: Path) -> Outcome:
    """What peers have to give: silence is noticed at the partner's next event."""
    return _told("workload.py", "--answer", path)


def exact(path: Path) -> Outcome:
    """What nudgeline has to give."""
    return _told("exact.py", path)


def _told(program: str, *words: str | Path) -> Outcome:
    done = subprocess.run([sys.executable, YARD / program, *words], capture_output=True, text=True, check=True)
    counts, digest = done.stdout.rsplit(maxsplit=1)
    return Outcome(dict(sorted(ast.literal_eval(counts).items())), digest)


def spelled(outputs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Transitions and sends as the brute force spells them; the cause of Y4 is its order."""
    for out in outputs:
        if out["type"] == "segment_transition":
            yield "\t".join((out["partner_id"], "enter" if out["transition"] == "entered" else "exit", f"{out['decided_at']:.3f}", out["cause"]))
        elif out["type"] == "decision" and out["verdict"] == "send":
            cause = out["evidence"]["same"] if out["rule"] == "Y4" else out["cause"]
            yield "\t".join((out["partner_id"], out["rule"], f"{out['decided_at']:.3f}", cause))


def differences(wanted: list[str], found: list[str]) -> list[str]:
    """Empty where both lists are the same, whatever their order; otherwise the counts and the first lines that differ."""
    if sorted(wanted) == sorted(found):
        return []
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    first = f"{len(wanted):,} expected, {len(found):,} found; {len(missing):,} missing, {len(extra):,} too many"
    return [first, *(f"missing   {line}" for line in missing[:10]), *(f"too many  {line}" for line in extra[:10])]


def peers() -> list[dict[str, str]]:
    """The peers' figures of the yardstick's README: engine, events/s and events per CPU-second, as they are written there."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([\d,–/ ]+) \| ([\d,–/ ]+) \|$", (YARD / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    return [{"engine": engine.strip(), "events_per_s": wall.strip(), "events_per_cpu_s": cpu.strip()} for engine, wall, cpu in rows]
