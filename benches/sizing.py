"""The tables of docs/sizing.md, from the results that are kept: formulas stand on the page, slopes come from the benches.

    python -m benches.sizing
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import ceil, exp
from pathlib import Path
from typing import Any

from benches.machine import RESULTS
from streams.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sizing.md"
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

BUSY = 0.5  # share of its core that a worker shall use at the peak: the other half catches up after an outage
EVENTS_PER_ORDER, PEAK = 9, 4.0  # offered, accepted, two arrivals, picked up, delivered, rated, paid, app; the peak hour against the mean of a day
EVENT_BYTES, COMPRESSED = 120, 0.4  # of a position as JSON, and what lz4 leaves of a batch of them
KNOWN = 4  # partners whose state is kept, for each who is online: the others rest
AWAKE = Settings.model_fields["awake_limit"].default
GROWTH = 4  # partitions for each worker of today: they can't be added later


@dataclass(frozen=True)
class Slopes:
    """What was measured. Times in µs, sizes in bytes unless it says MB."""

    events_per_cpu_s: float
    dump_us: float
    restore_us: float
    memory: float
    resting: float
    changelog: float
    base_mb: float
    gap_killed_s: float
    gap_ended_s: float
    stored: float = 0.0

    @property
    def event_us(self) -> float:
        """An event from the topic to its outputs. On the yardstick a partner is written once in some twenty events: that is in it."""
        return 1e6 / self.events_per_cpu_s


@dataclass(frozen=True)
class Company:
    """Who is to be served. `ping` and `commit` in seconds."""

    name: str
    partners: int  # online
    ping: float
    orders_per_day: int
    commit: float = 1.0

    @property
    def positions(self) -> float:
        return self.partners / self.ping

    @property
    def events(self) -> float:
        """Events/s at the peak."""
        return self.positions + self.orders_per_day * EVENTS_PER_ORDER / 86_400 * PEAK

    @property
    def written(self) -> float:
        """Partners written to the changelog each second: those that had an event since the last commit."""
        return self.partners * (1 - exp(-self.events * self.commit / self.partners)) / self.commit


#: From a pilot to a million partners that ping each four seconds.
COMPANIES = (
    Company("a city", 5_000, 4, 40_000),
    Company("a country", 50_000, 4, 500_000, 5.0),
    Company("a large one", 300_000, 4, 3_000_000, 15.0),
    Company("a million partners", 1_000_000, 4, 10_000_000, 1.0),
    Company("the same, committed each 10 s", 1_000_000, 4, 10_000_000, 10.0),
    Company("the same, committed each 30 s", 1_000_000, 4, 10_000_000, 30.0),
)


def measured() -> Slopes:
    """The slopes, from the results that are kept: the slowest run counts."""
    names = ("yardstick", "step", "partner_bytes", "scaling", "handover", "recovery", "store")
    yard, step, size, scaling, gap, recovery, store = (json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in names)
    return Slopes(
        min(run["events_per_cpu_s"] for run in yard["runs"]), step["us"]["dump"], 1e6 / recovery["by_processes"][0]["partners_per_s"], scaling["warm_slope_bytes"],
        scaling["cold_slope_bytes"], size["changelog_bytes_median"], yard["rss_mb"], gap["cases"]["killed, supervised"]["moved_s"], gap["cases"]["ended"]["moved_s"],
        store["sizes"][-1]["stored_bytes"],
    )  # fmt: skip


def cores(company: Company, slopes: Slopes) -> float:
    """CPU seconds a second at the peak: events, and partners written."""
    return (company.events * slopes.event_us + company.written * slopes.dump_us) / 1e6


def plan(company: Company, slopes: Slopes) -> dict[str, Any]:
    """What the company needs."""
    busy = cores(company, slopes)
    workers = max(2, ceil(busy / BUSY))
    share = company.partners / (workers - 1)  # one may be gone
    awake = min(share, AWAKE)
    return {
        "events": company.events,
        "written": company.written,
        "cores": busy,
        "workers": workers,
        "partitions": workers * GROWTH,
        "memory_mb": slopes.base_mb + (awake * slopes.memory + (share * KNOWN - awake) * slopes.resting) / 1e6,
        "restore_s": share * KNOWN * slopes.restore_us / 1e6,
        "in_mb_s": company.events * EVENT_BYTES * COMPRESSED / 1e6,
        "changelog_mb_s": company.written * slopes.changelog / 1e6,
        "changelog_gb": company.partners * KNOWN * slopes.changelog / 1e9,
    }


def _slopes() -> str:
    s = measured()
    rows = [
        ("`c`", "events per CPU-second, the slowest run of the yardstick", f"{s.events_per_cpu_s:,.0f}"),
        ("`t`", "one event from the topic to its outputs, 1,000,000 ÷ `c`, µs", f"{s.event_us:.1f}"),
        ("`d`", "one partner's state to bytes, µs", f"{s.dump_us:.1f}"),
        ("`l`", "one partner's state from Kafka to memory, µs", f"{s.restore_us:.1f}"),
        ("`m`", "one partner more in a worker with the shipped catalogue, awake, resident bytes", f"{s.memory:,.0f}"),
        ("`q`", "and at rest, bytes", f"{s.resting:,.0f}"),
        ("`f`", "and in a file, with `NUDGELINE_STORE_AFTER`, bytes", f"{s.stored:,.0f}"),
        ("`b`", "one partner in the changelog, bytes", f"{s.changelog:,.0f}"),
        ("`r`", "a worker, with 5,000 partners of the yardstick, MB", f"{s.base_mb:,.0f}"),
        ("`g`", "partitions stand still after a kill under a supervisor, without the reading of states, s", f"{s.gap_killed_s:.1f}"),
        ("`h`", "and at a planned end (SIGTERM), s", f"{s.gap_ended_s:.1f}"),
    ]
    return _table(("", "what", "measured"), rows)


def _plans() -> str:
    slopes = measured()
    rows = []
    for company in COMPANIES:
        p = plan(company, slopes)
        rows.append((
            company.name, f"{company.partners:,}", f"{company.commit:g}", f"{p['events']:,.0f}", f"{p['written']:,.0f}", f"{p['cores']:.1f}", p["workers"],
            p["partitions"], f"{p['memory_mb']:,.0f}", f"{p['restore_s'] + slopes.gap_killed_s:.1f}",
        ))  # fmt: skip
    return _table(("", "partners", "commit, s", "events/s", "written/s", "cores", "workers", "partitions", "MB a worker", "gap after a kill, s"), rows)


def _kafka() -> str:
    slopes = measured()
    rows = []
    for company in COMPANIES:
        p = plan(company, slopes)
        rows.append((company.name, f"{company.commit:g}", f"{p['in_mb_s']:.1f}", f"{p['changelog_mb_s']:.1f}", f"{p['changelog_gb']:.2f}"))
    return _table(("", "commit, s", "events in, MB/s", "changelog, MB/s", "changelog when compacted, GB"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, tuple("---" for _ in head), *rows))


_TABLES = {"slopes": _slopes, "plans": _plans, "kafka": _kafka}


def page(text: str) -> str:
    """The page with each table made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_TABLES[block[2]]()}\n{block[3]}", text)


def write() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
