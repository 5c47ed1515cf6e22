"""docs/names.md: everything that a rule can name without defining it, from the catalogue of names itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from events import FAMILIES
from rulebook.names import BUILTINS, CALL_EXPANSIONS, EXPANSIONS, Known, fields_of, lists_of
from rulebook.parser import AGGREGATES

_HEAD = """# What a rule can name

Made from the catalogue of names that `nudgeline check` goes by; `make docs` writes it anew. The language itself: [rules.md](rules.md).
"""
_FUNCTIONS = {
    "distance_to(PLACES)": "km to the nearest of a group of places; unknown when the last fix is older than 5 min",
    "nearest(PLACES)": "the name of that place",
    "inside(PLACES)": "in a ring of the group",
    "local_time()": "the time of day on the partner's clock, to compare with `17:30`",
    "completed(MODULE)": "the training module was ever completed",
    "used(FEATURE)": "the feature of the app was ever used",
    "METRIC(WINDOW)": "a metric of yours, such as `acceptance_rate(2h)`",
    "segment.NAME": "the partner is in the segment",
    "cohort_pct(METRIC(WINDOW) by FIELD)": "the partner's percentile among online partners with the same city, zone, vehicle or language; unknown below 20",
}
_WINDOWS = {
    "20m, 2h, 28d": "what happened less than that ago; `count`, `sum` and `avg` of more than a day and more than 256 elements to 1/128 of the window ([how exact](rules.md#expressions))",
    "session": "since the log-in",
    "today": "since midnight where the partner is",
    "life": "ever",
    "last 50": "the newest so many",
}


def page() -> str:
    """The page as Markdown."""
    lines = [_HEAD, "## About the partner", "", "| name | unit | unknown? | what it is |", "|---|---|---|---|"]
    for name, known in BUILTINS.items():
        short = f" (`{EXPANSIONS[name]}`)" if name in EXPANSIONS else ""
        lines.append(f"| `{name}` | {_unit(known)} | {'can be' if known.nullable else 'never'} | {known.meaning}{short} |")
    lines += ["", "| call | what it is |", "|---|---|", *(f"| `{call}` | {meaning} |" for call, meaning in _FUNCTIONS.items())]
    lines += ["", "`completed` and `used` are short for `" + "` and `".join(code.format('"NAME"') for code in CALL_EXPANSIONS.values()) + "`.", ""]
    lines += ["## Aggregates", "", f"`{' '.join(AGGREGATES)}`, as in `sum(earning_posted.amount where kind == \"tip\" over 7d)`. Windows:", ""]
    lines += ["| window | what is in it |", "|---|---|", *(f"| `{window}` | {meaning} |" for window, meaning in _WINDOWS.items()), ""]
    lines += ["## Events and their fields", "", "In `where`, an event's own field wins over a name about the partner. Fields that can be missing are unknown then. A text that *usually* has some words takes any other too; `check` warns of one that is none of them.", ""]
    for family in FAMILIES.values():
        lines += [f"### {family.name}", "", "| event | fields |", "|---|---|"]
        lines += [f"| `{event}` | {'; '.join(_fields(event)) or '–'} |" for event in family.types]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _unit(known: Known) -> str:
    if known.usual:
        return f"{known.unit}, usually " + " \\| ".join(f"`{word}`" for word in known.usual)
    return " \\| ".join(f"`{value}`" for value in known.values) if known.values else str(known.unit)


def _fields(event: str) -> Iterator[str]:
    for name, known in fields_of(event).items():
        yield f"`{name}` {_unit(known)}" + (", can be missing" if known.nullable else "")
    for name in sorted(lists_of(event)):
        yield f"`{name}` words, for `same:` alone"


if __name__ == "__main__":
    sys.stdout.write(page())
