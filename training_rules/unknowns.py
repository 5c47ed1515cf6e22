"""Why a value is unknown, in a few words for people."""

from __future__ import annotations

from rulebook.names import EXPANSIONS
from rulebook.scope import Scope, expand, ratio_parts
from rulebook.syntax import Aggregate, Call, CohortPct, MetricCall, Name, Reference
from rulebook.units import spell
from segments.facts import FIX_FRESH

#: What a plain fact waits for.
_NEVER = {
    "tenure": "the profile has no joined_on", "online": "no log-in or log-out yet", "zone_demand": "nothing has said it yet",
    "speed": "no position yet, or one without a speed", "zone": "no position or log-in that named one yet",
}  # fmt: skip
_OF_THE_FIX = ("speed", "zone")


def why_unknown(ref: Reference, scope: Scope, age: float | None, samples: int | None, *, own: bool) -> str:
    """Of a value that is None. `age` of its newest datum (s), `samples`: how many elements are in it; `own`: it is a field of the event itself."""
    match ref:
        case Name(name) if own:
            return f"the event has no {name}"
        case Name(name) if name in _OF_THE_FIX and age is not None and age > FIX_FRESH:
            return f"the last is older than {spell(FIX_FRESH)}"
        case Name(name) if name not in EXPANSIONS:
            return _NEVER.get(name, f"the profile has no {name}")
        case Call():
            return "no position yet" if age is None else f"the last position is older than {spell(FIX_FRESH)}"
        case CohortPct():
            return "nothing has said it yet"
        case MetricCall() if expand(ref, scope) is None:
            return _too_few(ref, scope, samples)
        case _:
            longer = ref if isinstance(ref, Aggregate) else expand(ref, scope)
            return f"no {' or '.join(longer.events)}" + (f" with a {longer.field}" if longer.field else "") + f" in {longer.window}" if isinstance(longer, Aggregate) else ""


def _too_few(ref: MetricCall, scope: Scope, samples: int | None) -> str:
    least = ratio_parts(ref, scope)[2]
    return f"{samples or 0} decided events; at least {least} are needed"
