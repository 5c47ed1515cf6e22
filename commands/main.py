"""`nudgeline`: assembles the verbs. A verb's module is imported when it is called, so that `--help` is quick."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from importlib.metadata import version
from types import ModuleType
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup
from typer.main import get_command

from events.errors import NudgelineError

#: Verb, module, and the sentence that `--help` shows for it.
VERBS: dict[str, tuple[str, str]] = {
    "demo": ("commands.demo", "Start everything here, feed it a city or a recording, and show what happens."),
    "services": ("commands.services", "Start, end or show a local Kafka and Redis."),
    "topics": ("commands.topics", "Make the topics, or check them."),
    "worker": ("commands.worker", "Run a worker: events in, nudges out."),
    "replay": ("commands.replay", "Send a recording to the topics."),
    "simulate": ("commands.simulate", "Make the events of a simulated city."),
    "check": ("commands.check", "Check rule files."),
    "test": ("commands.test", "Run the tests that stand in rule files."),
    "rules": ("commands.rules", "Put rules in force while workers run: push, history, diff, rollback, pause."),
    "schema": ("commands.schema", "Print the JSON Schema of rule files, for editors."),
    "backtest": ("commands.backtest", "Run rules over history, and write what they would have decided."),
    "explain": ("commands.explain", "Show why a partner got a nudge, or did not: every clause with the values it read."),
    "record": ("commands.record", "Turn a stretch of a partner's real events into a test for a rule file."),
    "partner": ("commands.partner", "Export or erase all that is kept about one partner."),
    "tap": ("commands.tap", "Read a topic: as lines, as a table, or into Parquet."),
}


class Verbs(TyperGroup):
    """Finds a verb's command in its module: a typer app called `app`, or the function of the verb's own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        if ctx.resilient_parsing or cmd_name not in sys.argv:
            return click.Command(cmd_name, help=VERBS[cmd_name][1], short_help=VERBS[cmd_name][1])
        return verb(cmd_name)


def verb(name: str) -> click.Command:
    """The command of a verb."""
    module = _module(VERBS[name][0])
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(name, help=None)(getattr(module, name))
    command = get_command(app)
    command.name = name
    return command


def _module(name: str) -> ModuleType:
    """The cyclic collector is off meanwhile: it finds nothing in what is loaded, and takes a sixth of the time. After a kill, a start is waited for."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()


cli = typer.Typer(cls=Verbs, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("nudgeline"))
        raise typer.Exit


@cli.callback()
def root(show: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False) -> None:
    """Watches what delivery partners do, and sends the one nudge that helps at the minute they are stuck.

    Settings come from the environment (NUDGELINE_*). Exit status: 0 done, 1 it did not work out, 2 wrong usage.
    """


def main(args: list[str] | None = None) -> Any:
    """Run the command line. Errors that a person can mend are one sentence on standard error."""
    try:
        return cli(args=args, prog_name="nudgeline")
    except NudgelineError as e:
        typer.echo(f"nudgeline: {e}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; the interpreter shall not complain at exit
        sys.exit(141)


if __name__ == "__main__":
    main()
