"""What the demo shows in the terminal."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analysis.watch import Seen


class Rate:
    """A speed over the last seconds, from totals."""

    def __init__(self, span: float = 5.0) -> None:
        self._span, self._points = span, [(0.0, 0)]

    def at(self, now: float, total: int) -> float:
        self._points = [p for p in self._points if p[0] >= now - self._span] + [(now, total)]
        (first, before), (last, after) = self._points[0], self._points[-1]
        return (after - before) / (last - first) if last > first else 0.0


def render(stats: list[dict[str, Any]], seen: Seen, rate: float, what: str) -> RenderableType:
    """The whole board. `stats`: the last line of each worker (see `streams.worker.Worker.snapshot`)."""
    counts = Table.grid(expand=True, padding=(0, 1))
    tables = (
        ("Segments now", {n: len(m) for n, m in seen.members.items()}), ("Nudges by rule", seen.nudges),
        ("Held, by reason", seen.holds), ("Was it cleared?", seen.episodes), ("Dead letters", seen.dead_letters),
    )  # fmt: skip
    for _ in tables:
        counts.add_column(ratio=1)
    counts.add_row(*[_counts(title, values) for title, values in tables])
    head = Panel(_head(stats, seen, rate), title=f"nudgeline – {what}", subtitle="Ctrl-C ends everything")
    return Group(head, counts, _nudges(seen))


def _head(stats: list[dict[str, Any]], seen: Seen, rate: float) -> Table:
    grid = Table.grid(expand=True)
    times = [p["stream_time"] for s in stats for p in s["partitions"].values() if p["stream_time"]]
    clock = datetime.fromtimestamp(max(times), UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if times else "–"
    cells = {
        "events": f"{sum(s['applied'] for s in stats):,}", "events/s": f"{rate:,.0f}", "behind": f"{sum(s['lag'] for s in stats):,}",
        "workers": str(len(stats)), "partners": f"{sum(s['partners'] for s in stats):,}", "online": f"{len(seen.online):,}",
        "nudges": f"{seen.nudges.total():,}", "frozen feeds": ", ".join(frozen(stats)) or "none", "stream time": clock,
    }  # fmt: skip
    for _ in cells:
        grid.add_column(justify="center")
    grid.add_row(*[Text(v, style="bold cyan") for v in cells.values()])
    grid.add_row(*[Text(k, style="dim") for k in cells])
    return grid


def frozen(stats: list[dict[str, Any]]) -> list[str]:
    """The feeds that are frozen in any partition."""
    return sorted({feed for s in stats for p in s["partitions"].values() for feed in p.get("frozen", ())})


def _counts(title: str, counts: Counter[str] | dict[str, int]) -> Table:
    table = Table(expand=True, box=box.SIMPLE_HEAD)
    table.add_column(title)
    table.add_column(justify="right")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8] or [("none", 0)]:
        table.add_row(name, f"{count:,}" if count else "")
    return table


def _nudges(seen: Seen) -> Table:
    table = Table(title="Last nudges, as the partner reads them", box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("at (UTC)", "partner", "rule"):
        table.add_column(column, no_wrap=True)
    table.add_column("text")  # last, and without a border: terminals disagree on how wide Hindi and Kannada are
    for nudge in reversed(seen.last):
        at = datetime.fromtimestamp(nudge["decided_at"], UTC).strftime("%H:%M:%S")
        table.add_row(at, nudge["partner_id"], nudge["rule"], Text(f"{nudge['title']} – {nudge['body']}", overflow="ellipsis", no_wrap=True))
    return table


def plain(stats: list[dict[str, Any]], seen: Seen, rate: float) -> str:
    """One line for a terminal that can't redraw."""
    events, lag = sum(s["applied"] for s in stats), sum(s["lag"] for s in stats)
    cold = f", frozen: {', '.join(frozen(stats))}" if frozen(stats) else ""
    return f"{events:,} events, {rate:,.0f}/s, {lag:,} behind, {len(seen.online):,} online, {seen.nudges.total():,} nudges, {seen.holds.total():,} held{cold}"


def console() -> Console:
    """Where the board is drawn: standard error, so that standard output stays for results."""
    return Console(stderr=True)
