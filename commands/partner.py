"""`nudgeline partner`: all that is kept about one partner, to be shown or erased."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError

from commands.in_force import library
from commands.output import note, numbers, say
from streams.crowd.herd import CROWD
from streams.erasure import LONGEST_KEY
from streams.partners import Kept, erase, kept
from streams.settings import Settings, load
from streams.views import ViewReader
from training_rules import House, Rules
from training_rules.partners import nobody
from training_rules.snapshots import plain, unnamed

app = typer.Typer(no_args_is_help=True, add_completion=False, help="All that is kept about one partner: export it, erase it.")
Id = Annotated[str, typer.Argument(metavar="ID", help="The partner's id.")]
Bootstrap = Annotated[str | None, typer.Option(help="Kafka's address, HOST:PORT; otherwise NUDGELINE_BROKERS.")]

WHAT_HAPPENS = """\
The partner {who} will be erased:
- the workers forget the state, with all timers, as soon as they read the request; events that happen after it begin a new one;
- partner.features, and segments, features and inbox in Redis go within seconds, once Redis answers;
- the changelog keeps nothing but offsets until the allowed lateness has passed; Kafka then compacts what lies there (ten minutes later at the earliest);
- what was sent stays until its topic ends it: nudges, decisions and segment.transitions 7 days, dead.letters 30 days, the events themselves as your
  topics keep them."""


@app.command("erase")
def erase_partner(
    partner_id: Id, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, bootstrap: Bootstrap = None
) -> None:
    """Erase a partner: a record without a value is written to partner.profile. It says what will happen, and asks."""
    _check(partner_id)
    settings = load(brokers=bootstrap)
    note(WHAT_HAPPENS.format(who=partner_id))
    if not yes:
        typer.confirm("Erase?", abort=True, err=True)
    at = erase(settings, partner_id)
    note(f"requested: {at.topic}, partition {at.partition}, offset {at.offset}")


@app.command()
def export(
    partner_id: Id,
    rules: Annotated[list[Path] | None, typer.Option(help="Rule files or folders that name what is kept; otherwise the set that the state was made by. May be repeated.")] = None,
    bootstrap: Bootstrap = None,
) -> None:
    """Print all that is kept about a partner, as JSON: the state as last committed, and what Redis shows. Exits with 1 where there is nothing.

    What was sent lies in the output topics: nudgeline tap nudges --partner ID, and so on.
    """
    _check(partner_id)
    settings = load(brokers=bootstrap, rules=rules)
    found = {"partner_id": partner_id, "state": None, "redis": _shown(settings, partner_id)}
    if (known := kept(settings, partner_id)) is not None:
        found["state"] = _state(known, library(settings, rules).made(known.beside))
    if found["state"] is None and not found["redis"]:
        note(f"nothing is kept about {partner_id}")
        raise typer.Exit(1)
    say(json.dumps(numbers(found), indent=2, ensure_ascii=False))


def _check(partner_id: str) -> None:
    if not 0 < len(partner_id.encode()) <= LONGEST_KEY:
        raise typer.BadParameter("no partner's id is empty or that long", param_hint="ID")


def _state(known: Kept, rules: Rules) -> dict[str, Any]:
    state = rules.load(known.raw)
    state.house = House(known.partition)
    if (crowd := known.beside.get(CROWD)) is not None:
        state.house.crowd.restore(crowd[0])
    found = {"partition": known.partition, "bytes": len(known.raw), "erased": nobody(state), **plain(state, rules), "of_other_rules": unnamed(known.raw, rules)}
    if not nobody(state):
        found |= {"segments": rules.segments_of(state), "features": rules.features(state, state.now), "ruleset_version": rules.version}
    return found


def _shown(settings: Settings, partner_id: str) -> dict[str, Any] | None:
    """What Redis shows; None where it shows nothing, or none is asked."""
    if not settings.redis_url:
        return None
    reader = ViewReader(settings)
    try:
        shown = {"partner": reader.partner(partner_id), "inbox": reader.inbox(partner_id)}
    except RedisError as e:
        note(f"Redis does not answer, and is left out: {e}")
        return None
    finally:
        reader.close()
    return shown if any(shown.values()) else None
