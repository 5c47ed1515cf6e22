"""How many elements a value is made of: code that counts what lies in its slot."""

from __future__ import annotations

from rulebook.scope import Scope, expand, ratio_parts
from rulebook.syntax import Aggregate, Comparison, MetricCall, Reference, Window
from segments.features import Features
from segments.storage import epoch_of, storage_of


def samples(features: Features, ref: Reference, scope: Scope) -> str:
    """Code for how many elements a reference is made of (of a ratio: decided events); empty where nobody keeps count, or a test gives the value."""
    if str(ref) in features.given:
        return ""
    match expand(ref, scope) or ref:
        case Comparison(left=Aggregate() as counted):
            return samples(features, counted, scope)
        case MetricCall(_, Window("last")) as share:
            of, to, _ = ratio_parts(share, scope)
            return f"len(values(v[{features.slots.slot(f'share:{of.events} of {to}')}]))"
        case MetricCall() as ratio:
            return samples(features, ratio_parts(ratio, scope)[1], scope)
        case Aggregate(function, _, _, _, Window() as window) as aggregate:
            storage = storage_of(function, window)
            return _count(storage, window, f"v[{features._store(aggregate, storage, scope)}]")  # noqa: SLF001 - its own room
        case _:
            return ""


def _count(storage: str, window: Window, slot: str) -> str:
    """Code for how many elements lie in a slot; empty where it keeps those only that no other outdoes."""
    span = repr(window.size)
    match storage:
        case "times":
            return f"alive({slot}, {span}, now)"
        case "long":
            return f"long_count({slot}, {span}, now)"
        case "samples":
            return f"len(values({slot}))" if window.kind == "last" else f"len(sliding({slot}, {span}, now))"
        case "total":
            return f"total({slot}, {epoch_of(window)}, 1)"
        case "values":
            return f"different({slot}, {epoch_of(window)})"
        case "all":
            return f"len(kept({slot}, {epoch_of(window)}))"
        case _:
            return ""
