"""Reading a nudge: its trigger, what it sends, its offer, and when it may go."""

from __future__ import annotations

from typing import Any

from rulebook import units
from rulebook.faults import Faults
from rulebook.fields import Fields, as_mapping
from rulebook.model import Clears, Nudge, Offer
from rulebook.parser import LARGEST, parse
from rulebook.source import Mapping, Node, Scalar, Word
from rulebook.syntax import Expr
from rulebook.triggers import read_trigger
from rulebook.versions import plain, version_of

KINDS = ("training", "incentive", "tip", "recognition")
MODES = ("off", "shadow", "live")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUDGE_KEYS = (
    "hypothesis", "trigger", "if", "send", "args", "offer", "kind", "cooldown", "max", "priority", "urgent", "about_order", "hours", "days",
    "seats", "rollout", "holdout", "mode", "expires", "valid_for", "clears", "goal", "feeds",
)  # fmt: skip


def read_nudge(key: Scalar, node: Node, faults: Faults) -> Nudge | None:
    mapping = as_mapping(node, faults, f"nudge `{key.value}`")
    if mapping is None:
        return None
    fields = Fields(mapping, faults, _NUDGE_KEYS)
    trigger = read_trigger(mapping.get("trigger"), faults, key.span)
    sent, holes = _send(fields), _args(fields)
    nudge = {
        "kind": fields.choice("kind", KINDS, "tip", required=True), "cooldown": fields.duration("cooldown", required=True),
        "priority": fields.integer("priority", 0, 100, 0, required=True), "mode": fields.choice("mode", MODES, "off", required=True),
        "condition": fields.expression("if"), "offer": _offer(fields), "max": _rate(fields, "max"), "urgent": fields.flag("urgent"),
        "about_order": fields.flag("about_order"), "hours": hours(fields, "hours"), "days": _days(fields), "seats": fields.expression("seats"),
        "rollout": fields.share("rollout", 1.0), "holdout": fields.share("holdout", 0.0), "expires": fields.parsed("expires", units.day, "a date such as `2027-01-31`", "") if mapping.get("expires") is not None else "",
        "valid_for": fields.optional_duration("valid_for"), "clears": _clears(fields), "goal": _goal(fields), "feeds": fields.words("feeds"),
        "hypothesis": fields.text("hypothesis"), "places": fields.places(),
    }  # fmt: skip
    if trigger is None:
        return None
    return Nudge(key.value, key.span, trigger, version=version_of(plain(mapping)), args=holes, **sent, **nudge)  # type: ignore[arg-type]


def _args(fields: Fields) -> dict[str, Expr]:
    """What fills the holes of the message, by hole."""
    found: dict[str, Expr] = {}
    for key, node in fields.mapping_of("args") or ():
        if not (key.value.isascii() and key.value.isidentifier()):
            fields.faults.error("E242", f"`{key.value}` is no name of a hole", key.span, help="letters, digits and `_`, a letter first, such as `stars`")
        elif not isinstance(node, Scalar):
            fields.faults.error("E203", f"`{key.value}` takes a single value", node.span)
        elif (expr := parse(node, fields.faults)) is not None:
            found[Word(key.value, key.span)] = expr
    return found


def _send(fields: Fields) -> dict[str, Any]:
    """The message, or the modules of `best_of`, and where their names stand."""
    node = fields.node("send", required=True)
    if not isinstance(node, Mapping):
        return {"message": fields.text("send"), "sent": (node.span,) if isinstance(node, Scalar) else ()}
    modules = Fields(node, fields.faults, ("best_of",)).scalars("best_of", required=True)
    if not modules and node.get("best_of") is not None:
        fields.faults.error("E203", "`best_of` takes at least one module", node.span, help="write `send: {best_of: [MODULE]}`")
    return {"best_of": tuple(m.value for m in modules), "sent": tuple(m.span for m in modules)}


def _offer(fields: Fields) -> Offer | None:
    mapping = fields.mapping_of("offer")
    if mapping is None:
        return None
    offer = Fields(mapping, fields.faults, ("bonus", "valid", "budget"))
    bonus = offer.parsed("bonus", _money, "an amount such as `40 INR`", (0.0, ""), required=True)
    budget = offer.parsed("budget", _budget, "an amount per time such as `50000 INR per 1d`", (0.0, "", 0.0), required=True)
    if bonus[1] and budget[1] and bonus[1] != budget[1]:
        fields.faults.error("E230", f"the bonus is in {bonus[1]}, its budget in {budget[1]}", mapping.span)
    return Offer(bonus[0], bonus[1], offer.optional_duration("valid"), budget[0], budget[2])


def _money(text: str) -> tuple[float, str] | None:
    amount, _, currency = text.partition(" ")
    if not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        return None
    try:
        value = float(amount)
    except ValueError:
        return None
    return (value, currency) if 0 < value <= LARGEST else None


def _budget(text: str) -> tuple[float, str, float] | None:
    amount, _, span = text.partition(" per ")
    if (money := _money(amount)) is None or not (seconds := units.duration(span)):
        return None
    return *money, seconds


def _rate(fields: Fields, key: str) -> tuple[int, float] | None:
    return fields.parsed(key, units.rate, "a rate such as `2 per 7d`", None) if fields.mapping.get(key) is not None else None


def hours(fields: Fields, key: str) -> tuple[float, float] | None:
    """Hours of the day, from and until (s)."""
    return fields.parsed(key, units.clock_range, "hours such as `17:30-22:00`, or `00:00-24:00` for the whole day", None) if fields.mapping.get(key) is not None else None


def _days(fields: Fields) -> tuple[str, ...]:
    days = fields.scalars("days")
    for day in days:
        if day.value not in DAYS:
            fields.faults.error("E205", f"unknown day `{day.value}`", day.span, help=f"one of: {', '.join(DAYS)}")
    return tuple(d.value for d in days)


def _clears(fields: Fields) -> Clears | None:
    mapping = fields.mapping_of("clears")
    if mapping is None:
        return None
    clears = Fields(mapping, fields.faults, ("when", "within", "else"))
    when = clears.expression("when", required=True)
    within, otherwise = clears.span_of_time("within", required=True), clears.name("else")
    return Clears(when, within, otherwise) if when is not None else None


def _goal(fields: Fields) -> tuple[str, float] | None:
    mapping = fields.mapping_of("goal")
    if mapping is None:
        return None
    goal = Fields(mapping, fields.faults, ("metric", "within"))
    return goal.name("metric", required=True), goal.span_of_time("within", required=True)
