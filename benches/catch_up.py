"""A worker that was away, while events went on: how soon is it level again with live traffic flowing?

    python -m benches.catch_up [--rate 20000] [--outage 3600] [--scale 60]

An outage in full would leave `rate` times `outage` events; one in `scale` of them is laid into the topics, their times spread over the whole outage, so that
timers and windows see all of it. Then events flow live at the full rate, and a worker starts. It is level from the first nudge on after which none comes later
than a second. What an outage in full would take is computed from the backlog in full and from the speed that was seen beyond the live rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benches import latency, live, machine
from benches.sending import Job, Sending, job
from streams.settings import Settings


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rate", type=int, default=20_000, help="events/s, before, during and after the outage")
    arguments.add_argument("--outage", type=float, default=3600.0, help="s")
    arguments.add_argument("--scale", type=int, default=60, help="one in how many of the outage's events are there")
    arguments.add_argument("--live", type=float, default=60.0, help="s of live events, at most, until it has to be level")
    arguments.add_argument("--quick", action="store_true", help="an outage of ten minutes at 2,000; nothing is kept")
    asked = arguments.parse_args()
    found = measure(*((2_000, 600.0, 60, 20.0) if asked.quick else (asked.rate, asked.outage, asked.scale, asked.live)))
    if not asked.quick:
        machine.write("catch_up", found)
    print(json.dumps(found))


def measure(rate: int, outage: float, scale: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, live.kafka(Path(name, "services"), redis_url="none") as settings:
        backlog = int(rate * outage / scale)
        asked = job(settings, "c", events=int(rate * seconds), rate=rate, share=latency.share(rate), partners=latency.PARTNERS, backlog=backlog, outage=outage)
        began, started, seen = asyncio.run(_run(settings, asked, Path(name, "worker")))
    due = latency.due_times(asked, began, 0)
    level = level_from(due, seen)
    took = None if level is None else level - started
    applied = 0 if level is None else backlog + (level - began) * rate
    speed = round(applied / took) if took else 0
    return {
        "rate": rate, "outage_s": outage, "scale": scale, "backlog": backlog, "partners": asked.partners, "level_after_s": took and round(took, 1), "events_per_s": speed,
        "unscaled_s": in_full(rate, outage, speed), "nudges_due": len(due), "nudges_seen": sum(name in seen for name in due),
    }  # fmt: skip


async def _run(settings: Settings, asked: Job, folder: Path) -> tuple[float, float, dict[str, float]]:
    """When live events began, when the worker was started, and when each nudge was seen (monotonic s)."""
    sending = Sending(asked)
    async with latency.Nudges(settings) as reader:
        began = await sending.began()
        await asyncio.sleep(began - time.monotonic())
        started = time.monotonic()
        with live.working(settings, [latency.RULES], folder):
            await sending.report()
            await reader.until_seen((asked.events + asked.backlog) // asked.share, began + asked.events / asked.rate + latency.PATIENCE)
    return began, started, reader.seen


def level_from(due: dict[str, float], seen: dict[str, float], late: float = latency.LEVEL) -> float | None:
    """When the nudge was seen from which on none came later than `late`; None where the last one did, or was not seen."""
    level = None
    for name, at in reversed(due.items()):
        if name not in seen or seen[name] - at > late:
            break
        level = seen[name]
    return level


def in_full(rate: int, outage: float, speed: float) -> int | None:
    """Seconds that a whole outage would take at `speed` events a second, live ones among them; None where it is never level."""
    return round(rate * outage / (speed - rate)) if speed > rate else None


if __name__ == "__main__":
    main()
