"""The tables of docs/performance.md and README.md, from the results that are kept: what is said is what was measured.

    python -m benches.report
"""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

from benches import path, yard
from benches.machine import RESULTS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "docs" / "performance.md", ROOT / "README.md")
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with each table made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{shown(block[2])}\n{block[3]}", text)


def write() -> None:
    for file in PAGES:
        file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")


def shown(name: str, results: Path = RESULTS) -> str:
    """The table of one bench; where no result is kept, how to get one."""
    kept = results / f"{_FROM.get(name, name)}.json"
    return _TABLES[name](json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else f"No result is kept here yet: `{_OTHERWISE.get(name, f'python -m benches.{name}')}` writes it."


def summary() -> str:
    """All tables that `make bench` ends with."""
    return "\n\n".join(f"{name}\n{shown(name)}" for name in SUMMARY)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(f"{cell:,}" if isinstance(cell, int | float) else str(cell) for cell in line) + " |" for line in lines)


def _where(found: dict[str, Any]) -> str:
    m = found["machine"]
    return f"{m['day']}, {m['cores']} cores, Python {m['python']}, {m['system']}, load {m['load_1m']}"


def _yardstick(found: dict[str, Any]) -> str:
    runs = found["runs"]
    span = {k: f"{min(r[k] for r in runs):,}–{max(r[k] for r in runs):,}" for k in ("events_per_s", "events_per_cpu_s")}
    ours = ("**nudgeline**, one worker", yard.DURABLE, f"**{span['events_per_s']}**", f"**{span['events_per_cpu_s']}**")
    peers = [(p["engine"], p["durable"], p["events_per_s"], p["events_per_cpu_s"]) for p in yard.peers()]
    told = f"{found['events']:,} events of {found['partners']:,} partners, {len(runs)} runs, {found['rss_mb']:,} MB. {_where(found)}."
    return _table(("engine", "durable how", "events/s", "events per CPU-second"), [ours, *peers]) + f"\n\n{told}"


def peers(found: dict[str, Any]) -> str:
    """The engines side by side, with their ratios to nudgeline in the same run."""
    head = ("engine", "durable how", "events", "events/s", "a CPU-second", "the same without the start", "ratio of events/s", "of CPU", "of CPU without the start", "MB")
    rows = [_engine(row) for row in found["engines"]]
    told = f"{_rounds(found)}, {found['partners']:,} partners; spans in brackets, ratios are to one worker of nudgeline."
    left_out = "".join(f" Not run: {name} ({why})." for name, why in found["not_run"].items())
    return _table(head, rows) + f"\n\n{told}{left_out}" + (f" {_where(found)}." if "machine" in found else "")


def _rounds(found: dict[str, Any]) -> str:
    return f"Medians of {found['rounds']} rounds, one engine after the other in each" if found["rounds"] > 1 else "One round, so that nothing is known of how far figures spread"


def _peers_short(found: dict[str, Any]) -> str:
    """For who wants to know in a minute."""
    head = ("engine", "durable how", "events/s", "of one worker's", "events per CPU-second", "of one worker's")
    rows = [
        (r["title"], r["durable"], r["events_per_s"], r.get("events_per_s_ratio", 1), r["events_per_cpu_s"], r.get("events_per_cpu_s_ratio", 1))
        for r in found["engines"] if "events_per_s" in r
    ]  # fmt: skip
    return _table(head, rows) + f"\n\n{_rounds(found)}. {_where(found)}."


def _engine(row: dict[str, Any]) -> tuple[Any, ...]:
    if "events_per_s" not in row:
        return (row["title"], row["durable"], row["events"], "failed", "failed", "–", "–", "–", "–", "–")
    figures = (f"{row[key]:,} ({low:,}–{high:,})" for key in ("events_per_s", "events_per_cpu_s") for low, high in [row[f"{key}_span"]])
    ratios = (row.get(f"{key}_ratio", 1) for key in ("events_per_s", "events_per_cpu_s", "events_per_running_cpu_s"))
    return (row["title"], row["durable"], row["events"], *figures, f"{row['events_per_running_cpu_s']:,}", *ratios, row["rss_mb"])


def _latency(found: dict[str, Any]) -> str:
    names = ("p50_ms", "p99_ms", "p999_ms", "max_ms", "nudges_due", "nudges_seen", "worker_cpu_share")
    head = ("events/s", "p50 ms", "p99 ms", "p99.9 ms", "most ms", "nudges due", "seen", "CPU of the worker", "pace")
    rows = [(r["rate"], *(r[n] for n in names), _pace(r)) for r in found["rates"]]
    return _table(head, rows) + f"\n\n{found['seconds']:.0f} s at each rate, the first {found['warm_up_s']:.0f} s not counted. {_where(found)}."


def _pace(rate: dict[str, Any]) -> str:
    """Whether sender and worker kept the pace: without that, a latency says only how long the run was."""
    sender = "kept" if rate["sender_kept_pace"] else f"the sender was {rate['sender_late_p99_ms']:,} ms late"
    return sender if rate["worker_kept_pace"] else f"{sender}; the worker did not keep up"


def _scaling(found: dict[str, Any]) -> str:
    head = ("partners", "cold, bytes each", "a tenth awake", "all active, few awake", "warm, bytes each", "peak, MB", "restored partners/s, without Kafka")
    rows = [tuple(r[n] for n in ("partners", "cold_bytes", "tenth_bytes", "limited_bytes", "warm_bytes", "peak_mb", "restored_per_s")) for r in found["sizes"]]
    told = f"Slope: {found['cold_slope_bytes']:,} bytes for each partner more when cold, {found['limited_slope_bytes']:,} when all are active and {found['awake']:,} awake (`NUDGELINE_AWAKE_LIMIT`), {found['warm_slope_bytes']:,} when warm; {found['changelog_bytes']:,} bytes each in the changelog."
    return _table(head, rows) + f"\n\n{told} {_where(found)}."


def _backtest(found: dict[str, Any]) -> str:
    head = ("fortnight", "events", "partners", "decisions", "events/s, one process", "two processes", "µs of CPU an event", "reading and decoding in it", "against itself")
    rows = [
        (c["case"], c["events"], c["partners"], c["decisions"], c["events_per_s"]["processes_1"], c["events_per_s"]["processes_2"], c["us"]["cpu_1"], c["us"]["decode"],
         "no difference" if c["against_itself"]["no_difference"] else "parts")
        for c in found["cases"]
    ]  # fmt: skip
    tables = "; ".join(f"{name}: {t['events']:,} events, {t['read_tables_s'] + t['make_events_s']:.1f} s" for name, t in found["importing"].items())
    told = f"{found['rules']} rules, {found['partitions']} partitions, medians of {found['runs']} runs; `crowd` is both with {found['crowd']} partners for each. Making events of the whole recordings' tables comes before, by one process ({tables})."
    return _table(head, rows) + f"\n\n{told} {_where(found)}."


def _store(found: dict[str, Any]) -> str:
    head = ("partners", "in memory, bytes each", "in a file: bytes of memory each", "the same soon after a start", "bytes of disk", "brought back, awake, µs", "the same from memory", "a look, µs", "out of the file, µs", "put away, µs", "restored partners/s, without Kafka", "the same without a file")
    names = ("partners", "resting_bytes", "stored_bytes", "started_bytes", "disk_bytes", "resting_wake_us", "fill_us", "restored_per_s", "resting_restored_per_s")
    rows = [(*(r[n] for n in names[:5]), r["us"]["wake"], r["resting_wake_us"], r["us"]["look"], r["us"]["take"], *(r[n] for n in names[6:])) for r in found["sizes"]]
    return _table(head, rows) + f"\n\n{_where(found)}."


def _timers(found: dict[str, Any]) -> str:
    rows = [(name, f"{found['us'][key]} µs") for name, key in (("an event that sets one", "set"), ("the same event where no rule waits", "not_set"), ("an event while all are pending", "position"), ("one that fires, decision and nudge in it", "fire"))]
    return _table((f"{found['pending']:,} timers pending", "takes"), rows) + f"\n\n{_where(found)}."


def _silence(found: dict[str, Any]) -> str:
    head = ("orders stop for ten minutes, and come late", "disproved by the full record", "proven, and not sent", "of those held as expired")
    rows = [
        ("what hangs on them is frozen", found["disproved"], found["expired"] + found["missing"], found["expired"]),
        ("nothing is frozen", found["disproved_if_not_frozen"], found["missing_if_not_frozen"], "–"),
    ]  # fmt: skip
    told = f"{found['partners']:,} partners, {found['events']:,} events, {found['withheld']:,} of them kept back; {found['proven']:,} nudges are proven, {found['proven_in_silence']:,} of them by what came late. Frozen {found['frozen_after_s']:.0f} s after the last record, thawed {found['thawed_after_s']:.0f} s after they came; the longest second of wall clock took {found['worst_second_ms']:,} ms of work, decoding and all."
    return _table(head, rows) + f"\n\n{told} {_where(found)}."


def _recovery(found: dict[str, Any]) -> str:
    by = found["by_processes"]
    told = (
        ("states restored a second, from Kafka to serving", "partners_per_s", ""),
        ("from the start of a worker to its first decision, with no state", "start_empty_s", " s"),
        ("the same with all states", "start_s", " s"),
        ("killed and started again at once: to the first decision in every partition", "restart_s", " s"),
        ("one of two killed: until the other decides in every partition", "takeover_s", " s"),
        ("resident", "rss_mb", " MB"),
    )  # fmt: skip
    head = "recovery of a worker of", *("one process" if run["processes"] == 1 else f"{run['processes']} processes" for run in by)
    rows = [(what, *(f"{run[name]:,}{unit}" for run in by)) for what, name, unit in told]
    whom = f"A changelog of {found['partners']:,} partners, {found['changelog_bytes']:,} bytes each, written in {found['writing_s']} s."
    return _table(head, rows) + f"\n\n{whom} {_where(found)}."


def _workers(found: dict[str, Any]) -> str:
    head = ("workers", "wall, s", "events/s", "events per CPU-second", "of one worker's events/s")
    rows = [tuple(r[n] for n in ("workers", "wall_s", "events_per_s", "events_per_cpu_s", "ratio")) for r in found["workers"]]
    return _table(head, rows) + f"\n\n{found['events']:,} events, medians of {found['runs']} runs in turn; the broker shares the cores. {_where(found)}."


def _catch_up(found: dict[str, Any]) -> str:
    head = ("outage", "backlog", "live events/s meanwhile", "level again after, s", "backlog and live handled, events/s", "an outage in full would take, s")
    row = (f"{found['outage_s']:,.0f} s", *(found[n] for n in ("backlog", "rate", "level_after_s", "events_per_s", "unscaled_s")))
    return _table(head, [row]) + f"\n\nScale: one in {found['scale']} of the events of an outage at {found['rate']:,} events/s. {_where(found)}."


def _path(found: dict[str, Any]) -> str:
    us = found["us"]
    rows = [*((name, path.STEPS[name], us[name]) for name in us), ("all", "", found["all_us"]), ("read + decode", "the least that Python can do", round(us["read"] + us["decode"], 3))]
    return _table(("step", "what", "µs an event"), rows) + f"\n\n{found['events']:,} events of the yardstick, minima of three runs. {_where(found)}."


def _step(found: dict[str, Any]) -> str:
    return _table(("what", "µs"), list(found["us"].items())) + f"\n\n{found['events']:,} events, medians of {found['runs']} runs. {_where(found)}."


def _partner_bytes(found: dict[str, Any]) -> str:
    head = ("partners", "hours", "rules", "in memory, awake", "at rest", "in the changelog, median", "p99")
    row = tuple(found[n] for n in ("partners", "hours", "rules", "memory_bytes", "resting_bytes", "changelog_bytes_median", "changelog_bytes_p99"))
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


def _alike(found: dict[str, Any]) -> str:
    head = ("events", "partners", "rule sets", "decisions and moves", "of rules that read figures", "replay: missing", "too many", "backtest: missing", "too many")
    parted = (found[run][key] for run in ("replay", "backtest") for key in ("missing", "more"))
    row = (*(found[n] for n in ("events", "partners", "rule_sets", "decisions", "of_figures")), *parted)
    return _table(head, [row]) + f"\n\n{found['hours']:g} h, {found['workers']} workers live, by a clock {found['rate']:g} times as fast. {_where(found)}."


def _fuzz(found: dict[str, Any]) -> str:
    head = ("files", "with faults", "fine", "broken", "longest, s", "memory, MB")
    row = tuple(found[n] for n in ("files", "with_faults", "fine", "broken", "longest_s", "memory_mb"))
    return _table(head, [row]) + f"\n\n{_where(found)}."


def _handover(found: dict[str, Any]) -> str:
    names = {"killed alone": "killed, nobody tells the group", "killed, supervised": "killed, under a supervisor", "ended": "told to end", "joined": "one more joins"}
    rows = [(names[case], *(f"{found['cases'][case][key]:.1f}" for key in ("moved_s", "stayed_s"))) for case in names]
    told = f"{found['rate']:,} events/s, session of {found['session_timeout']:g} s, medians of {found['runs']} runs. {_where(found)}."
    return _table(("a worker is", "its partitions stand still, s", "the other's, s"), rows) + f"\n\n{told}"


def _soak(found: dict[str, Any]) -> str:
    head = ("to minute", "events/s", "nudges", "a worker, MB, median", "most", "both, MB, median", "behind, s, median", "most", *(f"{name}, MB" for name in found["rows"][0]["servers_mb"]))
    names = ("to_minute", "events_per_s", "nudges", "mb_median", "mb_most", "together_mb", "behind_median_s", "behind_most_s")
    rows = [(*(r[n] for n in names), *r["servers_mb"].values()) for r in found["rows"]]
    seconds = sorted(blow["recovered_s"] for blow in found["blows"] if blow["recovered_s"] is not None)
    shares = ", ".join(f"{name} {of['middle']:,} to {of['last']:,} MB" for name, of in found["memory"].items() if of)
    told = [
        f"**{found['kills']} kills, lost {found['lost']}, doubled {found['doubled']}**, repeated {found['repeated']:,}.",
        f"{found['events']:,} events of {found['partners']:,} partners; {sum(found['wanted'].values()):,} outputs, {found['wanted'].get('nudges', 0):,} of them nudges.",
        f"Recovered within {statistics.median(seconds):.1f} s in the median, {seconds[-1]:.1f} s at most." if seconds else "Nothing was recovered from.",
        f"Memory, middle third to last: {shares}.",
    ]  # fmt: skip
    return _table(head, rows) + f"\n\n{' '.join(told)} {_where(found)}."


def _reload(found: dict[str, Any]) -> str:
    head = ("changes", "minutes", "events/s", "events", "outputs", "lost", "doubled", "workers killed")
    row = (found["swaps"], f"{found['minutes']:g}", round(found["rate"]), found["events"], sum(found["wanted"].values()), found["lost"], found["doubled"], found["kills"])
    return _table(head, [row]) + f"\n\nTwo workers. {_where(found)}."


def _city_truth(found: dict[str, Any]) -> str:
    head = ("rules", "events", "pain points", "told once", "otherwise", "sends", "to partners without one", "waited", "what became of it", "recalled", "sent to riders")
    names = ("events", "pain_points", "nudged_once", "otherwise", "sends", "to_clean", "waited", "after_the_wait", "recalled", "while_riding")
    rows = [(name, *(_listed(row[n]) if isinstance(row[n], dict) else row[n] for n in names)) for name, row in found["passes"].items()]
    return _table(head, rows) + f"\n\n{found['partners']:,} partners, {found['hours']:g} hours, {found['late_share']:.0%} of the events late in the second and the third. {_recalls(found['recalls'])} {_where(found)}."


def _recalls(found: dict[str, Any]) -> str:
    told = f"With a deadline of {found['minutes']} minutes at the restaurant and {found['late_share']:.0%} of the events late, {found['disproved']:,} of {found['sends']:,} nudges were disproved"
    return f"{told}, and {found['recalled']:,} recalled: the same ones."


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()) or "–"


#: How results are made that no bench makes.
_OTHERWISE = {"soak": "make soak", "reload": 'make soak ARGS="--minutes 10 --rate 5000 --kill-every 240 --swaps 100"'}
#: Tables that show another's results.
_FROM = {"peers_short": "peers"}

_TABLES = {
    "yardstick": _yardstick, "peers": peers, "peers_short": _peers_short, "workers": _workers, "latency": _latency, "catch_up": _catch_up, "recovery": _recovery, "scaling": _scaling, "timers": _timers,
    "path": _path, "step": _step, "partner_bytes": _partner_bytes, "windows": _windows, "compile": _compile, "agree": _agree, "fuzz": _fuzz, "handover": _handover,
    "soak": _soak, "backtest": _backtest, "store": _store, "alike": _alike, "reload": _reload, "silence": _silence, "city_truth": _city_truth,
}  # fmt: skip
#: What `make bench` prints in the end.
SUMMARY = ("peers", "workers", "latency", "catch_up", "recovery", "scaling", "timers")

if __name__ == "__main__":
    write()
