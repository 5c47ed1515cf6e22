"""The report of a backtest as one page that opens offline: everything in it, charts by Chart.js, a table beside each for those who read rather than look."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.backtest.result import moment

PAGE = "analysis.backtest.page"
MOST_RULES = 8  # drawn apart in a chart by rule; the others are drawn together
MOST_ZONES = 15
OTHERS = "all others"


def render(found: dict[str, Any], name: str) -> str:
    """The page. `found`: what `analysis.backtest.result` gives, `name`: of the history."""
    script = Markup((files(PAGE) / "chart.umd.js").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return _environment().get_template("report.html.j2").render(found=found, name=name, chart_js=script, charts=charts(found))


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("analysis.backtest", "page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"moment": moment, "count": lambda n: f"{n:,}", "share": lambda part: f"{part:.1%}", "embedded": embedded}
    return environment


def embedded(data: Any) -> Markup:
    """Plain data within a `script` element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped by this very line


def charts(found: dict[str, Any]) -> dict[str, Any]:
    """What each chart draws: its labels, and a series of numbers by name."""
    drawn = {"funnel": _funnel(found), "days": _spread(found), "hours": _few(found["hours"]), "zones": _zones(found), "dates": _few(found["days"]), "members": _members(found)}
    if "sweep" in found:
        drawn["sweep"] = _sweep(found)
    return drawn


def _series(labels: list[str], series: dict[str, list[Any]]) -> dict[str, Any]:
    return {"labels": labels, "series": [{"name": name, "values": values} for name, values in series.items()]}


def _funnel(found: dict[str, Any]) -> dict[str, Any]:
    """For each rule what became of its triggers, as shares of them."""
    rules = [r for r in found["rules"] if r["triggered"]]
    series = {word: [r[word] for r in rules] for word in ("sent", "ghost", "shadow")}
    for reason in dict.fromkeys(reason for r in rules for reason in r["held"]):
        series[f"held: {reason}"] = [r["held"].get(reason, 0) for r in rules]
    shares = {name: [round(100 * n / r["triggered"], 2) for n, r in zip(counts, rules, strict=True)] for name, counts in series.items() if any(counts)}
    return _series([r["rule"] for r in rules], shares)


def _spread(found: dict[str, Any]) -> dict[str, Any]:
    spread = found["partner_days"]["distribution"]
    return _series(list(spread), {"days of partners": list(spread.values())})


def _few(by: dict[str, Any]) -> dict[str, Any]:
    """The rules that sent most, each for itself, and all others together."""
    named = list(by["by_rule"].items())
    series = dict(named[:MOST_RULES])
    if rest := named[MOST_RULES:]:
        series[OTHERS] = [sum(values) for values in zip(*(values for _, values in rest), strict=True)]
    return _series(by["labels"], series)


def _zones(found: dict[str, Any]) -> dict[str, Any]:
    few, total = _few(found["zones"]), found["zones"]["total"]
    if len(total) <= MOST_ZONES:
        return {**few, "total": total}
    series = {s["name"]: _cut(s["values"]) for s in few["series"]}
    return {**_series([*few["labels"][:MOST_ZONES], OTHERS], series), "total": _cut(total)}


def _cut(values: list[int]) -> list[int]:
    return [*values[:MOST_ZONES], sum(values[MOST_ZONES:])]


def _members(found: dict[str, Any]) -> dict[str, Any]:
    segments = found["segments"]
    return _series([moment(at)[:16] for at in segments["at"]], {m["segment"]: m["members"] for m in segments["members"] if m["entered"] or m["exited"]})


def _sweep(found: dict[str, Any]) -> dict[str, Any]:
    labels = [" · ".join(v["values"].values()) + (" (as it is)" if v["usual"] else "") for v in found["sweep"]]
    own = {f"sent by {rule['rule']}": [v["rules"][number]["sent"] for v in found["sweep"]] for number, rule in enumerate(found["sweep"][0]["rules"])}
    title = " · ".join(found["sweep"][0]["values"])
    return {**_series(labels, {**own, "all nudges": [v["sends"] for v in found["sweep"]]}), "title": title}
