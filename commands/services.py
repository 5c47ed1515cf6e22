"""`nudgeline services`: a real Kafka and a real Redis on this machine, in the background."""

import json
from pathlib import Path
from typing import Annotated

import typer

from commands.output import note, say
from streams.local import services as local

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A real Kafka and a real Redis on free loopback ports, in the background.")
Folder = Annotated[Path, typer.Option("--dir", help="Folder of their data, logs and state.")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON.")]
DEFAULT = Path(".local/services")


@app.command()
def up(folder: Folder = DEFAULT, as_json: AsJson = False) -> None:
    """Start them; prints the settings to use."""
    _show(local.up(folder, note), as_json)


@app.command()
def down(folder: Folder = DEFAULT) -> None:
    """End them. Data stay in the folder."""
    say("ended" if local.down(folder) else "nothing was running")


@app.command()
def status(folder: Folder = DEFAULT, as_json: AsJson = False) -> None:
    """Show whether they run, and where. Exits with 1 when they don't."""
    found = local.status(folder)
    if found is None or not found["running"]:
        say("{}" if as_json else "not running; `nudgeline services up` starts them")
        raise typer.Exit(1)
    _show(found, as_json)


def _show(found: dict[str, object], as_json: bool) -> None:
    if as_json:
        say(json.dumps(found))
        return
    say(f"export NUDGELINE_BROKERS={found['brokers']}\nexport NUDGELINE_REDIS_URL={found['redis_url']}")
