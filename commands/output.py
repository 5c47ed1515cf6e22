"""Where commands write: results to standard output, everything else to standard error."""

import typer


def say(text: str) -> None:
    """A result, as it is: no markup is read in it."""
    typer.echo(text)


def note(text: str) -> None:
    """A word beside the results."""
    typer.echo(text, err=True)
