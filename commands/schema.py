"""`nudgeline schema`: the JSON Schema of rule files, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

from commands.output import note, say
from rulebook.schema import schema as made


def schema(out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it to this file; otherwise to standard output.")] = None) -> None:
    """The JSON Schema of rule files: your editor completes keys, shows what they mean, and marks what is wrong while you type (docs/editors.md)."""
    text = json.dumps(made(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        say(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from error
    note(f"written to {out}")
