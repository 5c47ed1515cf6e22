"""How an aggregate is kept in its slot, by its function and window, and the code that feeds and reads it there."""

from __future__ import annotations

from dataclasses import dataclass

from rulebook.codegen import Value
from rulebook.syntax import Aggregate, Window
from segments.windows import EXACT_UP_TO

#: Code for when the day ends (s).
DAY = "day_end(s, now)"
_BEST, _MANY = ("min", "max", "last"), {"avg": "average({0})", "min": "min({0}, default=None)", "max": "max({0}, default=None)", "sum": "sum({0})"}
_MANY |= {"last": "({0} or (None,))[-1]", "distinct": "len(set({0}))", "p50": "percentile({0}, 0.5)", "p90": "percentile({0}, 0.9)", "count": "len({0})"}
_LONG = {"count": "long_count", "sum": "long_sum", "avg": "long_average"}
_OUTDOES = {"min": "le", "max": "ge", "last": "newer"}


@dataclass(frozen=True, slots=True)
class Update:
    """What feeds one slot from an event with `value`; `guard` is empty or the condition under which it does. Counts over windows of any length share one slot."""

    guard: str
    value: str
    storage: str
    ref: Aggregate
    number: int


def shared(function: str, storage: str) -> str:
    """Functions that read the same storage share it."""
    if storage == "long":
        return "sum" if function == "avg" else function
    return storage if storage in ("samples", "total", "all") else function


def storage_of(function: str, window: Window) -> str:
    """How a function over such a window is kept: the name of the way."""
    if window.kind == "last":
        return "samples"
    if window.kind == "sliding":
        if function in _OUTDOES:
            return "peaks"
        if window.size > EXACT_UP_TO and function in _LONG:
            return "long"
        return "times" if function == "count" else "samples"
    if function in ("count", "sum", "avg"):
        return "total"
    return "best" if function in _BEST else "values" if function == "distinct" else "all"


def epoch_of(window: Window) -> str:
    """Code for the moment at which a window that is not sliding began (s)."""
    return {"life": "0.0", "today": "day_start(s, now)", "session": "s.session_start"}[window.kind]


def feed_source(update: Update, longest: float) -> tuple[str, ...]:
    """The lines that feed a slot from an event `e` of time `t`; `longest`: the longest window that reads it (s)."""
    value, number, window, function = update.value, update.number, update.ref.window, update.ref.function
    assert window is not None
    match update.storage:
        case "times":
            slot = f"v[{number}]"
            return (
                f"w = {slot}",
                f"if w and t >= w[-1]:",  # noqa: F541 - one shape for all lines
                "    w.append(t)",
                f"    if w[0] + {longest!r} <= t: forget(w, {longest!r}, t)",
                f"else: add_time(v, {number}, t, {longest!r})",
            )
        case "samples" if window.kind == "last":
            return (f"add_newest(v, {number}, t, {value}, {int(window.size)})",)
        case "samples":
            return (f"add_sample(s, {number}, t, {value}, {window.size!r}, now)",)
        case "peaks":
            return (f"add_peak(v, {number}, t, {value}, {window.size!r}, now, {_OUTDOES[function]})",)
        case "long":
            return (f"add_long(v, {number}, t, {value}, {window.size!r}, now, summed={function != 'count'})",)
        case "total":
            return (f"add_total(v, {number}, t, {value}, {epoch_of(window)})",)
        case "best":
            return (f"add_best(v, {number}, t, {value}, {epoch_of(window)}, {function!r})",)
        case "all":
            return (f"add_any(s, {number}, t, {value}, {epoch_of(window)})",)
        case _:
            return (f"add_value(s, {number}, t, {value}, {epoch_of(window)})",)


def read_value(ref: Aggregate, storage: str, slot: str) -> Value:
    """How an aggregate is read from its slot."""
    window, function = ref.window, ref.function
    assert window is not None
    span, nullable = repr(window.size), function not in ("count", "sum", "distinct")
    changes = (DAY,) if window.kind == "today" else ()
    match storage:
        case "times":
            nth = f"(w[-{{0}}] if (w := {slot}) and len(w) >= {{0}} else -inf)"
            return Value(f"alive({slot}, {span}, now)", False, (f"first_leaves({slot}, {span}, now)",), seen=f"({slot}[-1] if {slot} else None)", nth=nth, span=window.size)
        case "peaks":
            return Value(f"peak({slot}, {span}, now)", True, (f"first_sample_leaves({slot}, {span}, now)",), seen=f"newest_sample({slot})")
        case "long":
            return Value(f"{_LONG[function]}({slot}, {span}, now)", nullable, (f"first_long_leaves({slot}, {span}, now)",), seen=f"newest_long({slot})")
        case "total":
            epoch = epoch_of(window)
            code = f"total_average({slot}, {epoch})" if function == "avg" else f"total({slot}, {epoch}, {1 if function == 'count' else 2})"
            return Value(code, nullable, changes, seen=f"newest_total({slot})")
        case "best":
            return Value(f"best({slot}, {epoch_of(window)})", nullable, changes, seen=f"newest_since({slot})")
        case "values":
            return Value(f"different({slot}, {epoch_of(window)})", nullable, changes, seen=f"newest_since({slot})")
        case "all":
            return Value(_MANY[function].format(f"kept({slot}, {epoch_of(window)})"), nullable, changes, seen=f"newest_since({slot})")
        case _:
            return _read_samples(function, window, slot)


def _read_samples(function: str, window: Window, slot: str) -> Value:
    span, nullable = repr(window.size), function not in ("count", "sum", "distinct")
    if window.kind == "last":
        return Value(_MANY[function].format(f"values({slot})"), nullable, seen=f"newest_sample({slot})")
    many, leaves = f"sliding({slot}, {span}, now)", f"first_sample_leaves({slot}, {span}, now)"
    return Value(_MANY[function].format(many), nullable, (leaves,), seen=f"newest_sample({slot})")
