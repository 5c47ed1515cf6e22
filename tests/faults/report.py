"""Results in benches/results/faults.json, and the page docs/faults.md made from them: what is said is what was counted."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benches import machine
from tests.faults.kinds import KINDS
from tests.faults.prove import PROOFS
from tests.faults.run import Run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
NAME = "faults"

_HEAD = """# Faults

What happens to a worker's partners and outputs when things break. Made by `make faults ARGS=--report`, which adds to `benches/results/faults.json` and writes this page.

    make faults                                   # two runs of each kind
    make faults ARGS="--runs 5 --seed 77"         # five runs, over the kinds in turn
    make faults ARGS="--kinds killed slow --runs 20 --report"
    make faults ARGS="--prove"                    # the harness sees what is broken on purpose

Each run sends a seeded stream of 5,000 events of 120 partners to a real Kafka, at 1,000 a second in four partitions, while the fault is done to
the workers, to Redis, to Kafka, or to the wire between them. Whoever dies is started again. When all is committed, the states in the changelog (the
higher term wins) and the outputs on `nudges`, `decisions`, `segment.transitions` and `dead.letters` are held to those of a run of the same stream that
nobody disturbed. States are compared whole, and the rules count every event over life; an output is its id and a digest of all that it says. Left out are
`partner.features`, whose moments the wall clock picks, and `received_at` of dead letters.

- **lost**: partners that are missing, behind or otherwise changed; outputs that are missing; a run that does not end.
- **doubled**: partners to whom something was applied twice; outputs with ids, or words, that the undisturbed run does not have.
- **repeated**: outputs that are on their topic more than once under the same id; delivery drops the second.
- **recovered**: from the end of a strike until every partition had caught up with what was sent by then, median and greatest, in seconds. The session is 2 s.
"""

_NEAREST = """
## What is the nearest to it

- *leader change*: Kafka is one node here; a proxy answers as a broker that lost its leadership does, and cuts the connections.
- *disk full*: the proxy answers writes to the changelog as a broker with a full disk does; no disk is filled.
- *broker killed*: the producer waits while the broker is away, so that the stream is the same; recovery counts from when it sends again.
- *clock skew*: Python's wall clock in the worker's process is moved; the kernel's is not.
- *slow*: the worker that takes over, and the one that comes back, need many round trips of 300 ms each to begin.
"""


def write() -> None:
    """docs/faults.md anew."""
    PAGE.write_text(page(json.loads(_path().read_text(encoding="utf-8"))), encoding="utf-8")


def keep(runs: Sequence[Run], proofs: Sequence[dict[str, Any]] = ()) -> None:
    """Add results to those that are kept: a run replaces the one of its kind and seed, a proof the one of its name."""
    kept = _kept()
    by_seed = {(r["kind"], r["seed"]): r for r in [*kept["runs"], *map(_short, runs)]}
    by_name = {p["name"]: p for p in [*kept["proofs"], *proofs]}
    ordered = sorted(by_seed.values(), key=lambda r: (r["kind"], r["seed"]))
    machine.write(NAME, {**_sums(ordered), "runs": ordered, "proofs": [by_name[name] for name in PROOFS if name in by_name]})
    write()


def _path() -> Path:
    return machine.RESULTS / f"{NAME}.json"


def _kept() -> dict[str, Any]:
    return json.loads(_path().read_text(encoding="utf-8")) if _path().exists() else {"runs": [], "proofs": []}  # type: ignore[no-any-return]


def _short(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.plain().items() if name != "notes"}


def _sums(runs: Iterable[dict[str, Any]]) -> dict[str, int]:
    runs = list(runs)
    return {"count": len(runs), **{name: sum(r[name] for r in runs) for name in ("lost", "doubled", "repeated")}}


def page(found: dict[str, Any]) -> str:
    """docs/faults.md."""
    m = found["machine"]
    where = f"{m['day']}, {m['cores']} cores, Python {m['python']}, {m['system']}."
    told = f"**{found['count']} runs, lost {found['lost']}, doubled {found['doubled']}**, repeated {found['repeated']}. {where}"
    return "\n".join([_HEAD, "## Results", "", told, "", *_rows(found["runs"]), *_not_clean(found["runs"]), _NEAREST, *_proved(found["proofs"])])


def _rows(runs: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| fault | what is done | runs | lost | doubled | repeated | recovered, median | most |", "|---|---|---|---|---|---|---|---|"]
    for name, kind in KINDS.items():
        if own := [r for r in runs if r["kind"] == name]:
            sums, seconds = _sums(own), [s for r in own for s in r["recovered_s"]]
            median, most = (f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}") if seconds else ("–", "–")
            lines.append(f"| {name} | {kind.tells} | {len(own)} | {sums['lost']} | {sums['doubled']} | {sums['repeated']:,} | {median} | {most} |")
    return lines


def _not_clean(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Each run that is not as it should be, so that it can be repeated."""
    broken = [r for r in runs if r["lost"] or r["doubled"]]
    told = [f"- {r['kind']}, seed {r['seed']}: lost {r['lost']}, doubled {r['doubled']}, {r['wall_s']} s" for r in broken]
    return ["", "Not clean:", "", *told] if told else []


def _proved(proofs: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["## The harness can fail", "", "A step of the protocol switched off in the worker, and stock Faust (an agent and a table that counts events) on the same stream. L1 to D1 are",
        "the ways in which it loses and doubles.", ""]
    lines += ["| broken on purpose | what that is | lost | doubled | as it has to be |", "|---|---|---|---|---|"]
    return lines + [f"| {p['name']} | {p['tells']} | {p['lost']} | {p['doubled']} | {'yes' if p['seen'] else '**no**'} |" for p in proofs] + [""]
