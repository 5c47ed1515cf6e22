"""What came of a soak as plain data, and its last line."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from tests.faults.soak import memory
from tests.faults.soak.watch import Sample, Watch

SPAN = 300.0  # s that a row of the table covers


def verdict(watch: Watch, checked: dict[str, Any], seconds: float, progress: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All that is kept. `checked`: what the checker says; `progress`: what was known each few seconds (`at`, `sent`, `nudges`)."""
    growths = watch.growths()
    return {
        "minutes": round(seconds / 60, 2),
        "rate": watch.job.rate,
        "partners": watch.job.partners,
        "speed": watch.job.speed,
        "seed": watch.job.seed,
        "events": watch.job.events,
        **{key: checked[key] for key in ("lost", "doubled", "repeated", "wanted", "found", "notes")},
        "kills": sum(len(blow.pids) for blow in watch.blows),
        "blows": watch.plain_blows(),
        "memory": {name: None if g is None else g._asdict() for name, g in growths.items()},
        "flat": flat(growths.values(), seconds),
        "rows": rows(watch.samples, progress, seconds),
    }


def flat(growths: Any, seconds: float) -> bool | None:
    """Whether all that was judged is flat; None in a soak that is too short to say."""
    found = list(growths)
    return None if seconds < memory.JUDGED_FROM else all(g is not None and g.flat for g in found)


def rows(samples: Sequence[Sample], progress: Sequence[dict[str, Any]], seconds: float, span: float = SPAN) -> list[dict[str, Any]]:
    """A row for each `span` seconds: medians, and the worst where that says more."""
    found = []
    for start in range(0, max(1, round(seconds)), round(span)):
        own = [s for s in samples if start <= s.at < start + span]
        if each := [mb for s in own for mb in s.mb.values()]:
            told = [p for p in progress if p["at"] < start + span]
            before = [p for p in progress if p["at"] < start]
            done, begun = told[-1] if told else {}, before[-1] if before else {}
            passed = max(done.get("at", 0) - begun.get("at", 0), 1e-9)
            found.append(
                {
                    "to_minute": round(min(start + span, seconds) / 60, 1),
                    "events_per_s": round((done.get("sent", 0) - begun.get("sent", 0)) / passed),
                    "nudges": done.get("nudges", 0) - begun.get("nudges", 0),
                    "mb_median": round(statistics.median(each), 1),
                    "mb_most": round(max(each), 1),
                    "together_mb": round(statistics.median(sum(s.mb.values()) for s in own), 1),
                    "behind_median_s": round(statistics.median(s.behind_s for s in own), 1),
                    "behind_most_s": max(s.behind_s for s in own),
                    "servers_mb": {name: round(statistics.median(s.servers[name] for s in own)) for name in own[0].servers},
                }
            )
    return found


def last_line(found: dict[str, Any]) -> str:
    told = {True: "flat", False: "NOT flat", None: "not judged (it takes ten minutes)"}[found["flat"]]
    return f"soak of {found['minutes']:g} minutes: {found['kills']} kills, lost {found['lost']}, doubled {found['doubled']}, memory {told}"


def clean(found: dict[str, Any]) -> bool:
    """Whether it may pass. A soak without kills shows nothing; one that was never recovered from, or workers that could not end in order, are a fault."""
    recovered = bool(found["blows"]) and all(blow["recovered_s"] is not None for blow in found["blows"])
    return recovered and not found["ended_with"] and not found["lost"] and not found["doubled"] and found["flat"] is not False
