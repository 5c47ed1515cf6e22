"""What a rule set must keep to, for CI: each limit with what was found, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rulebook.units import counted


@dataclass(frozen=True)
class Limits:
    """None: not asked for. `per_partner_day`: nudges that a partner may get on one local day. `share`: the share of the partners that a rule may reach.
    `growth`: by how much more than before, as a share, a rule may send. `lost`: the share of those it reached before that a rule may not reach any
    more. `must_trigger`: every rule that is not off has to trigger."""

    per_partner_day: int | None = None
    share: float | None = None
    growth: float | None = None
    lost: float | None = None
    must_trigger: bool = False


@dataclass(frozen=True)
class Checked:
    """One limit: its option, what it allows, the most that was found, whether that is within, and a sentence."""

    limit: str
    allowed: float
    found: float
    kept: bool
    told: str

    def as_dict(self) -> dict[str, Any]:
        return {"limit": self.limit, "allowed": self.allowed, "found": self.found, "kept": self.kept, "told": self.told}


def check(limits: Limits, found: dict[str, Any]) -> list[Checked]:
    """Each limit that was asked for, against what `analysis.backtest.result` says."""
    return list(_checked(limits, found))


def _checked(limits: Limits, found: dict[str, Any]) -> Iterator[Checked]:
    if limits.per_partner_day is not None:
        days = found["partner_days"]
        most = days["max"]
        who = f", {days['max_partner']} on {days['max_day']}" if most else ""
        told = f"at most {counted(most, 'nudge')} a partner and day{who}; {limits.per_partner_day} allowed"
        yield Checked("--max-per-partner-day", limits.per_partner_day, most, most <= limits.per_partner_day, told)
    if limits.share is not None:
        rule = max(found["rules"], key=lambda r: r["partners"], default=None)
        share = rule["partners"] / found["partners"] if rule and found["partners"] else 0.0  # as it is: shown it is rounded
        told = f"{rule['rule']} reaches {share:.1%} of the partners; {limits.share:.1%} allowed" if rule else "there is no rule"
        yield Checked("--max-share", limits.share, round(share, 4), share <= limits.share, told)
    if limits.must_trigger:
        never = [r["rule"] for r in found["rules"] if not r["triggered"] and r["mode"] != "off"]
        yield Checked("--must-trigger", 0, len(never), not never, f"never triggered: {', '.join(never)}" if never else "every rule triggered")
    if "against" in found:
        yield from _against(limits, found["against"]["rules"])


def _against(limits: Limits, rules: list[dict[str, Any]]) -> Iterator[Checked]:
    if limits.growth is not None:
        grown = {r["rule"]: _growth(r) for r in rules}
        name = max(grown, key=lambda rule: grown[rule], default="")
        most = grown.get(name, 0.0)
        told = f"{name} sends {most:+.1%} of what it sent before; {limits.growth:+.1%} allowed" if most != float("inf") else f"{name} sent nothing before, and sends now"
        yield Checked("--max-growth", limits.growth, min(most, 1e9), most <= limits.growth, told)
    if limits.lost is not None:
        lost = {r["rule"]: r["lost"] / r["partners_before"] if r["partners_before"] else 0.0 for r in rules}
        name = max(lost, key=lambda rule: lost[rule], default="")
        most = lost.get(name, 0.0)
        told = f"{name} does not reach {most:.1%} of the partners that it reached before; {limits.lost:.1%} allowed"
        yield Checked("--max-lost", limits.lost, round(most, 4), most <= limits.lost, told)


def _growth(rule: dict[str, Any]) -> float:
    before, now = rule["sends_before"], rule["sends_now"]
    if before:
        return float((now - before) / before)
    return float("inf") if now else 0.0
