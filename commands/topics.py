"""`nudgeline topics`: make them, check them."""

import typer

from commands.output import note, say
from streams.settings import load
from streams.topics import asked
from streams.topics import check as find_problems
from streams.topics import create as make

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The topics of the contract: make them, check them.")


@app.command()
def create() -> None:
    """Make the topics that are missing; those that exist stay as they are."""
    settings = load()
    with asked(settings):
        made = make(settings)
    for name in made:
        say(name)
    note(f"{len(made)} topics made" if made else "all topics are there")


@app.command()
def check() -> None:
    """Say what is wrong with the topics. Exits with 1 when something is."""
    settings = load()
    with asked(settings):
        found = find_problems(settings)
    for problem in found:
        say(problem)
    if found:
        raise typer.Exit(1)
    note("the topics are as they should be")
