"""The source that a rule set becomes, function by function."""

from __future__ import annotations

from collections.abc import Iterable

from rulebook.codegen import Codegen
from segments.features import Features
from training_rules.definitions import Placed, distinct


class Functions:
    """`lines`: all that was written."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self.lines: list[str] = []

    def write(self, head: str, body: Iterable[str]) -> None:
        """A function of this name and arguments."""
        self.lines += [f"def {head}:", *(f"    {line}" for line in body)]

    def write_dict(self, name: str, placed: Iterable[Placed], entry: str) -> None:
        """`name(s, v, now)`: a dict of every reference in the expressions, by its spelling."""
        lines = []
        for label, ref, scope in distinct(placed):
            code = Codegen(self._features, scope)
            seen = self._features.seen(ref, scope) or None
            lines.append(f"    {label!r}: {entry.format(value=code.value(ref), seen=seen)},")
        self.write(f"{name}(s, v, now)", ["return {", *lines, "}"])
