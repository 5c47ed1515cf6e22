"""JSON Schemas of the contract, for producers, for consumers and for other languages: made from the models, kept in `docs/schemas`.

    python -m events.schemas docs/schemas [--check | --breaking]

A change that is not compatible (see docs/contract.md) is refused unless `--breaking` says that it is meant; `--check` writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from events.broadcasts import BROADCASTS
from events.compatible import incompatible
from events.families import FAMILIES
from events.outputs import OUTPUTS

Schema = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """Draft 2020-12, and no titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas() -> dict[str, Schema]:
    """The schema of each family's events, of each broadcast and of each output, by file name."""
    found = {f"{f.name}.events.json": _of(f.models, f"events of the topic {f.topic}", f"urn:nudgeline:events:{f.name}") for f in FAMILIES.values()}
    found |= {f"{b.name}.broadcast.json": _of(b.models, f"events of the topic {b.topic}", f"urn:nudgeline:broadcasts:{b.name}") for b in BROADCASTS.values()}
    for model in OUTPUTS:
        name = model.model_fields["type"].default
        found[f"{name}.output.json"] = _of((model,), str(model.__doc__), f"urn:nudgeline:outputs:{name}")
    return found


def _of(models: tuple[type[BaseModel], ...], description: str, identity: str) -> Schema:
    """One schema with a definition for each type."""
    several: Any = Annotated[Union[models], Field(discriminator="type")] if len(models) > 1 else models[0]  # noqa: UP007 - built at run time
    made = TypeAdapter(several).json_schema(schema_generator=_Generator, mode="validation")
    if len(models) == 1:
        inner = made.pop("$defs", {})
        made = {"oneOf": [{"$ref": f"#/$defs/{models[0].__name__}"}], "$defs": {**inner, models[0].__name__: made}}
    made.pop("discriminator", None)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": identity, "description": description, **made}


def text(schema: Schema) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path) -> list[str]:
    """Files of the folder that are not what the models say, missing and superfluous ones among them."""
    wanted = {name: text(schema) for name, schema in schemas().items()}
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.*.json") if path.name.split(".")[1] in ("events", "broadcast", "output")}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def breaks(folder: Path) -> list[str]:
    """What of the folder's schemas the models do not keep, one sentence each."""
    made = schemas()
    found = []
    for path in [path for kind in ("events", "broadcast", "output") for path in sorted(folder.glob(f"*.{kind}.json"))]:
        old = json.loads(path.read_text(encoding="utf-8"))
        found += [f"{path.name}: {what}" for what in incompatible(old, made.get(path.name, {}))]
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--check", action="store_true", help="write nothing; end with 1 where the files are not what the models say")
    arguments.add_argument("--breaking", action="store_true", help="write, though old producers or consumers will break")
    asked = arguments.parse_args()
    if asked.check:
        sys.exit(f"{', '.join(found)}: not what the models say; `make docs` writes them anew" if (found := stale(asked.folder)) else 0)
    if (found := breaks(asked.folder)) and not asked.breaking:
        sys.exit("not compatible with what was published:\n  " + "\n  ".join(found) + "\nadd a field or a type instead, or say --breaking")
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in stale(asked.folder):
        (asked.folder / name).unlink(missing_ok=True)
    for name, schema in schemas().items():
        (asked.folder / name).write_text(text(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
