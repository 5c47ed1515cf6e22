"""What `nudgeline backtest` shows in the terminal."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analysis.backtest.result import moment
from rulebook.units import counted

SHOWN = 8  # zones, and rules of a table with a column each
_WAYS = ("triggered", "held", "sent", "ghost", "shadow")
_ALWAYS = {"triggered", "held", "sent"}


def show(found: dict[str, Any], *, to_stderr: bool) -> None:
    """Everything that was found, in a few tables."""
    console, took = Console(highlight=False, stderr=to_stderr), found["took"]
    rate = f"{took['seconds']:.1f} s ({took['events_per_s']:,}/s, {counted(took['processes'], 'process').replace('processs', 'processes')})"
    console.print(f"{counted(found['events'], 'event')} of {counted(found['partners'], 'partner')} in {rate}")
    for table in (_refused(found), _segments(found), _funnel(found), _holds(found), _busy(found), _zones(found), _sweep(found), _against(found)):
        if table is not None:
            title, table.title = table.title, None
            console.print(f"\n{title}", style="bold", markup=False)
            if table.row_count:
                console.print(table)
    for rule, why in found["untriggered"].items():
        console.print(f"{rule} never triggered" + (f": {why}" if why else ""), markup=False, soft_wrap=True)
    _timelines(console, found)
    _limits(console, found)
    console.print(f"\n{found['honest']}")


def _table(title: str, *columns: str) -> Table:
    """The first column is never cut; those that begin with a small letter hold numbers."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        numbers = column[:1].islower() and number > 0
        table.add_column(column, justify="right" if numbers else "left", no_wrap=numbers or number == 0, overflow="fold")
    return table


def _refused(found: dict[str, Any]) -> Table | None:
    if not found["refused"]:
        return None
    table = _table("Refused (no event made)", "Reason", "count", "Where, for example")
    for refused in found["refused"]:
        table.add_row(refused["reason"], f"{refused['count']:,}", ", ".join(refused["examples"]))
    return table


def _segments(found: dict[str, Any]) -> Table | None:
    if not found["transitions"]:
        return None
    table = _table("Segments", "Segment", "entered", "exited", "partners", "most at an hour's end", "at the end")
    for s in found["segments"]["members"]:
        table.add_row(s["segment"], *(f"{s[name]:,}" for name in ("entered", "exited", "partners", "most", "at_end")))
    return table


def _funnel(found: dict[str, Any]) -> Table | None:
    """The rules that triggered; of the others there is a line each."""
    rules = [{**r, "held": sum(r["held"].values())} for r in found["rules"] if r["triggered"]]
    if not rules:
        return None
    shown = [way for way in _WAYS if way in _ALWAYS or any(r[way] for r in rules)]
    table = _table("From trigger to send", "Rule", *shown, "partners", "share", "cleared")
    for r in sorted(rules, key=lambda rule: str(rule["rule"])):
        ended = r["cleared"] + r["not_cleared"]
        cleared = f"{r['cleared'] / ended:.0%}" if ended else ""
        table.add_row(r["rule"], *(_count(r[way]) for way in shown), _count(r["partners"]), f"{r['share']:.1%}", cleared)
    return table


def _count(count: int) -> str:
    return f"{count:,}" if count else ""


def _holds(found: dict[str, Any]) -> Table | None:
    """A row for each rule and reason."""
    rows = [(r["rule"], reason, count, r["triggered"]) for r in found["rules"] for reason, count in r["held"].items()]
    if not rows:
        return None
    table = _table("Held, by reason, in the order of the gates", "Rule", "Reason", "count", "of its triggers")
    for rule, reason, count, whole in rows:
        table.add_row(rule, reason, f"{count:,}", f"{count / whole:.0%}")
    return table


def _busy(found: dict[str, Any]) -> Table | None:
    days = found["partner_days"]
    if not days["max"]:
        return None
    table = _table(f"Nudges a partner and day: {days['mean']:.2f} in the mean, at most {days['max']} ({days['max_partner']} on {days['max_day']})", "Nudges", "days of partners", "share")
    for number, count in days["distribution"].items():
        table.add_row(number, f"{count:,}", f"{count / days['total']:.1%}")
    return table


def _zones(found: dict[str, Any]) -> Table | None:
    zones = found["zones"]
    if len(zones["labels"]) < 2:
        return None
    table = _table("Sends by zone", "Zone", "sends")
    for zone, count in list(zip(zones["labels"], zones["total"], strict=True))[:SHOWN]:
        table.add_row(zone, f"{count:,}")
    if len(zones["labels"]) > SHOWN:
        table.add_row(f"{len(zones['labels']) - SHOWN} more", f"{sum(zones['total'][SHOWN:]):,}")
    return table


def _sweep(found: dict[str, Any]) -> Table | None:
    if "sweep" not in found:
        return None
    rows = found["sweep"]
    own, moves = bool(rows[0]["rules"]), bool(rows[0]["segments"])
    columns = [*(["sent", "partners"] if own else []), *(["entered"] if moves else []), "all sends", "all partners", "most a day"]
    table = _table(f"Sweep of {', '.join(rows[0]['values'])}", "Value", *columns)
    for v in rows:
        mine = [f"{sum(r[name] for r in v['rules']):,}" for name in ("sent", "partners")] if own else []
        moved = [f"{sum(s['entered'] for s in v['segments']):,}"] if moves else []
        value = ", ".join(v["values"].values()) + (" (as it is)" if v["usual"] else "")
        table.add_row(value, *mine, *moved, f"{v['sends']:,}", f"{v['partners']:,}", str(v["partner_days"]["max"]))
    return table


def _against(found: dict[str, Any]) -> Table | None:
    if "against" not in found:
        return None
    other = found["against"]
    what = "no difference: both decide the same throughout" if other["no_difference"] else f"{other['only_before']:,} decisions only before, {other['only_now']:,} only now, {other['same']:,} the same"
    table = _table(f"Against {other['ruleset_version']}: {what}", "Rule", "before", "now", "gained", "lost", "displaced", "By, or held instead")
    for r in other["rules"]:
        if r["gained"] or r["lost"] or r["displaced"] or r["instead"] or r["was"]:
            told = ", ".join(f"{what} {count:,}" for what, count in (r["displaced_by"] or r["instead"]).items())
            table.add_row(r["rule"], f"{r['sends_before']:,}", f"{r['sends_now']:,}", *(_count(r[name]) for name in ("gained", "lost", "displaced")), told)
    return table


def _timelines(console: Console, found: dict[str, Any]) -> None:
    """Some partners for whom the sets part."""
    samples = found.get("against", {}).get("samples", ())
    seen = set()
    for s in samples:
        if (s["rule"], s["change"]) in seen:
            continue
        seen.add((s["rule"], s["change"]))
        console.print(f"\n{s['rule']}: {s['partner_id']} {s['change']}", markup=False)
        for line in s["lines"]:
            console.print(f"  {moment(line['at'])}  {line['what']:<6}  {line['text']}", markup=False, soft_wrap=True)
    if samples:
        console.print(f"\n{counted(len(samples), 'sample')} in all: --report and --json have them\n")


def _limits(console: Console, found: dict[str, Any]) -> None:
    for limit in found["limits"]:
        if limit["kept"]:
            console.print(f"{limit['limit']} is kept: {limit['told']}", markup=False)
