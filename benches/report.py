"""The tables of docs/performance.md, from the results that are kept: what is said is what was measured.

    python -m benches.report
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benches.machine import RESULTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with each table made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_TABLES[block[2]](_result(block[2]))}\n{block[3]}", text)


def write() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(f"{cell:,}" if isinstance(cell, int | float) else str(cell) for cell in line) + " |" for line in lines)


def _where(found: dict[str, Any]) -> str:
    m = found["machine"]
    return f"{m['day']}, {m['cores']} cores, Python {m['python']}, {m['system']}, load {m['load_1m']}"


def _yardstick(found: dict[str, Any]) -> str:
    runs = found["runs"]
    span = {k: f"{min(r[k] for r in runs):,}–{max(r[k] for r in runs):,}" for k in ("events_per_s", "events_per_cpu_s")}
    ours = ("**nudgeline**, one worker", f"**{span['events_per_s']}**", f"**{span['events_per_cpu_s']}**")
    peers = [(p["engine"], p["events_per_s"], p["events_per_cpu_s"]) for p in found["peers"]]
    told = f"{found['events']:,} events of {found['partners']:,} partners, {len(runs)} runs, {found['rss_mb']:,} MB. {_where(found)}."
    return _table(("engine", "events/s", "events per CPU-second"), [ours, *peers]) + f"\n\n{told}"


def _latency(found: dict[str, Any]) -> str:
    names = ("p50_ms", "p90_ms", "p99_ms", "max_ms", "worker_cpu_share")
    return _table(("events/s", "p50 ms", "p90 ms", "p99 ms", "most ms", "CPU of the worker"), [(found["rate"], *(found[n] for n in names))]) + f"\n\n{_where(found)}."


def _step(found: dict[str, Any]) -> str:
    return _table(("what", "µs"), list(found["us"].items())) + f"\n\n{found['events']:,} events, medians of {found['runs']} runs. {_where(found)}."


def _partner_bytes(found: dict[str, Any]) -> str:
    head = ("partners", "hours", "rules", "in memory", "in the changelog, median", "p99")
    row = tuple(found[n] for n in ("partners", "hours", "rules", "memory_bytes", "changelog_bytes_median", "changelog_bytes_p99"))
    return _table(head, [row]) + f"\n\nBytes. {_where(found)}."


def _windows(found: list[dict[str, Any]]) -> str:
    head = ("window, days", "events a day", "exact, bytes", "as it is held, bytes", "mean error", "greatest error")
    return _table(head, [tuple(r[n] for n in ("window_days", "a_day", "exact_bytes", "bucketed_bytes", "mean_error", "greatest_error")) for r in found])


def _compile(found: dict[str, Any]) -> str:
    segments, check, rules = found["segments"], found["check"], found["rules"]
    few, many = rules["us"]
    rows = [
        (f"{segments['count']} segments, from text to running", f"{segments['all_s']} s"),
        (f"`nudgeline check` of {check['files']} files, the whole command", f"{check['seconds']} s"),
        (f"an event in the core with {few} rules", f"{rules['us'][few]} µs"),
        (f"an event in the core with {many} rules", f"{rules['us'][many]} µs, {rules['times']} times as much"),
    ]
    return _table(("what", "takes"), rows) + f"\n\n{_where(found)}."


def _agree(found: dict[str, Any]) -> str:
    head = ("cases", "agreed", "left out", "events", "restarts", "decisions", "transitions")
    row = tuple(found[n] for n in ("cases", "agreed", "left_out", "events", "restarts", "decision", "transition"))
    return _table(head, [row]) + f"\n\n{_where(found)}."


def _fuzz(found: dict[str, Any]) -> str:
    head = ("files", "with faults", "fine", "broken", "longest, s", "memory, MB")
    row = tuple(found[n] for n in ("files", "with_faults", "fine", "broken", "longest_s", "memory_mb"))
    return _table(head, [row]) + f"\n\n{_where(found)}."


_TABLES = {"yardstick": _yardstick, "latency": _latency, "step": _step, "partner_bytes": _partner_bytes, "windows": _windows, "compile": _compile, "agree": _agree, "fuzz": _fuzz}

if __name__ == "__main__":
    write()
