"""What is published of the contract is what the models say, and a change that breaks others is refused."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from events import FAMILIES
from events.compatible import incompatible
from events.decode import encode
from events.outputs import OUTPUTS
from events.reference import reference
from events.schemas import breaks, main, schemas, stale, text
from events.structs import OUTPUT_STRUCTS

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
MODELS: list[type[BaseModel]] = [*(m for f in FAMILIES.values() for m in f.models), *OUTPUTS]


def test_the_published_schemas_are_what_the_models_say():
    assert stale(SCHEMAS) == [], "`make docs` writes them anew"


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_field_says_what_it_means(model):
    silent = [n for n, f in model.model_fields.items() if n != "type" and not (f.description or any(getattr(m, "description", None) for m in f.metadata))]
    assert silent == []


def thing(required=("a",), **fields):
    return {"$defs": {"Thing": {"properties": {"a": {"type": "string"}} | fields, "required": list(required)}}}


NUMBER, TEXT = {"type": "number", "minimum": 0, "maximum": 10}, {"type": "string", "enum": ["x", "y"]}


@pytest.mark.parametrize(("old", "new"), [
    (thing(), thing(b=NUMBER)),
    (thing(b=NUMBER), thing(b={"type": "number", "minimum": -1})),
    (thing(b={"type": "integer"}), thing(b={"type": "number"})),
    (thing(b=TEXT), thing(b={"type": "string", "enum": ["x", "y", "z"]})),
    (thing(b=TEXT), thing(b={"anyOf": [{"type": "string"}, {"type": "null"}]})),
    (thing(("a", "b"), b=TEXT), thing(("a",), b=TEXT)),
])  # fmt: skip
def test_what_takes_all_that_was_valid_is_compatible(old, new):
    assert incompatible(old, new) == []


@pytest.mark.parametrize(("old", "new", "says"), [
    (thing(), {}, "Thing is gone"),
    (thing(b=TEXT), thing(), "Thing.b is gone"),
    (thing(b=TEXT), thing(("a", "b"), b=TEXT), "Thing.b is required now"),
    (thing(b=NUMBER), thing(b={"type": "number", "minimum": 1, "maximum": 10}), "Thing.b takes less"),
    (thing(b=NUMBER), thing(b={"type": "integer", "minimum": 0, "maximum": 10}), "Thing.b takes less"),
    (thing(b=TEXT), thing(b={"type": "string", "enum": ["x"]}), "Thing.b takes less"),
    (thing(b={"type": "string"}), thing(b={"type": "string", "maxLength": 5}), "Thing.b takes less"),
    (thing(b={"type": "string"}), thing(b={"type": "string", "pattern": "^a"}), "Thing.b takes less"),
    (thing(b={"anyOf": [{"type": "string"}, {"type": "null"}]}), thing(b={"type": "string"}), "Thing.b takes less"),
])  # fmt: skip
def test_what_others_rely_on_can_not_be_taken_away(old, new, says):
    assert says in " ".join(incompatible(old, new))


def run(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["events.schemas", *map(str, words)])
    main()


def test_writing_over_an_incompatible_change_is_refused_until_it_is_meant(tmp_path, monkeypatch):
    run(monkeypatch, tmp_path)
    published = schemas()["ratings.events.json"]
    published["$defs"]["RatingReceived"]["properties"]["mood"] = {"type": "string"}
    (tmp_path / "ratings.events.json").write_text(text(published))
    assert breaks(tmp_path) == ["ratings.events.json: RatingReceived.mood is gone"]
    with pytest.raises(SystemExit, match="mood is gone"):
        run(monkeypatch, tmp_path)
    run(monkeypatch, tmp_path, "--breaking")
    assert stale(tmp_path) == []


@pytest.mark.parametrize("model", OUTPUTS, ids=lambda m: m.__name__)
def test_outputs_are_what_their_models_accept(model):
    kind = model.model_fields["type"].default
    given = {"string": "x", "integer": 3, "number": 1.5, "boolean": True, "object": {"a": 1.0}, "array": ["s"]}
    definitions = schemas()[f"{kind}.output.json"]["$defs"]
    fields = {}
    for name, schema in definitions[model.__name__]["properties"].items():
        plain = next((w for w in schema.get("anyOf", [schema]) if w.get("type") != "null"), schema)
        plain = definitions[plain["$ref"].rpartition("/")[2]] if "$ref" in plain else plain
        fields[name] = plain["enum"][0] if "enum" in plain else given[plain.get("type", "string")]
    made = OUTPUT_STRUCTS[kind](**{k: v for k, v in fields.items() if k != "type"})
    assert model.model_validate(json.loads(encode(made))).model_dump(mode="json") == fields | {"type": kind}


def test_the_page_of_events_is_what_the_models_say():
    assert (SCHEMAS.parent / "events.md").read_text(encoding="utf-8") == reference(), "`make docs` writes it anew"
