"""Which rules a verb goes by that reads from Kafka: those that were named, or the sets that workers run."""

from pathlib import Path

from commands.output import note
from streams.changes import history
from streams.reload import Library
from streams.settings import Settings
from training_rules import load_rules

NOTHING_PUSHED = (
    "no rule set was ever put in force (nudgeline rules push): these are the files that workers begin with, by NUDGELINE_RULES or the catalogue; --rules names others"
)


def library(settings: Settings, named: list[Path] | None) -> Library:
    """All rule sets that were put in force, over the files of the settings; the files alone where they were named."""
    files = load_rules(settings.rules, options=settings.engine_options)
    if named is not None:
        return Library(files)
    changes = history(settings)
    if not changes:
        note(NOTHING_PUSHED)
    return Library(files, changes)
