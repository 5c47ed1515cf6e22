"""The yardstick: a deterministic stream of partners' events, five rules, what has to come of them, and the figures of its peers on another machine."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benches.yard import exact, plain
from benches.yard.stream import Keyed, events

HERE = Path(__file__).parent
RULES = HERE / "rules.yaml"
#: How a worker of nudgeline keeps what it has.
DURABLE = "outputs ▸ changelog ▸ offsets, each awaited, 1 s"


def stream(path: Path, count: int, partners: int, seed: int) -> None:
    """Write the yardstick's events, one a line behind its key."""
    with path.open("w", encoding="ascii") as made:
        made.writelines(keyed.line() for keyed in events(count, partners, seed))


def _read(path: Path) -> Iterator[Keyed]:
    with path.open(encoding="ascii") as lines:
        for line in lines:
            who, event = line.split("\t", 1)
            yield Keyed(who, json.loads(event))


def expected(path: Path) -> list[str]:
    """What has to come of them, a line each: partner, what, time and cause."""
    return [f"{who}\t{told.what}\t{told.at:.3f}\t{told.cause}" for who, told in exact.outcome(_read(path))]


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
    """The outcome of lines as `expected` and `spelled` have them."""
    fields = (line.split("\t") for line in lines)
    return outcome((what, f"{partner}|{what}|{cause}|{at}") for partner, what, at, cause in fields)


def answer(path: Path) -> Outcome:
    """What peers have to give: silence is noticed at the partner's next event."""
    return outcome((told.what.partition(":")[0], "|".join(told)) for told in plain.answer(_read(path)))


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
    """What its peers made of it on another machine of two cores, ranges over runs: engine, how durable, events/s and events per CPU-second."""
    found: list[dict[str, str]] = json.loads((HERE / "peers.json").read_text(encoding="utf-8"))
    return found
