"""Where commands write: results to standard output, everything else to standard error."""

import math
from typing import Any

import typer


def say(text: str) -> None:
    """A result, as it is: no markup is read in it."""
    typer.echo(text)


def note(text: str) -> None:
    """A word beside the results."""
    typer.echo(text, err=True)


def numbers(value: Any) -> Any:
    """Infinite numbers as null: JSON has none."""
    if isinstance(value, dict):
        return {str(key): numbers(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [numbers(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
