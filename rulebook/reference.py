"""docs/checks.md: a section for every code, with an example and what `check` says of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.resources import files

from rulebook.checks import CHECKS, Check
from rulebook.checks.context import Context
from rulebook.codes import CODES
from rulebook.errors import RuleErrors
from rulebook.faults import Fault
from rulebook.loader import read_text

_HEAD = """# Checks

What `nudgeline check` finds, by code. E blocks, W warns (`--strict` makes it block). Made from `rulebook/codes.py` and `rulebook/checks/`; `make docs` writes it anew.

A warning is snoozed by a comment behind its line, or alone on the lines above, until a day: `# allow W432 until 2026-12-01`. `--format json` and `--format github` are for programs.
"""


def reference() -> str:
    """The page as Markdown."""
    lines = [_HEAD, "## While rules are read", ""]
    for entry in CODES:
        lines += [f"### {entry.code}: {entry.title.rstrip('.')}", "", entry.advice, ""]
    lines += ["## The linter", ""]
    for check in CHECKS:
        lines += [*_section(check), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(check: Check) -> Iterator[str]:
    title, _, rest = (check.__doc__ or "").strip().partition("\n\n")
    name = check.__name__.rpartition(".")[2]
    yield from (f"### {check.CODE}: {title.rstrip('.')}", "", " ".join(rest.split()), "")
    said = next((f for f in _faults(name) if f.code == check.CODE), None)
    yield from ("```text", str(said), "```")


def _faults(name: str) -> list[Fault]:
    text = (files("rulebook.checks") / f"{name}.bad.yaml").read_text(encoding="utf-8")
    try:
        return read_text(text, f"{name}.yaml", Context(today="2026-03-02"))[1]
    except RuleErrors as e:
        return list(e.faults)


if __name__ == "__main__":
    sys.stdout.write(reference())
