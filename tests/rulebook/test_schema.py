"""The schema for editors takes what the reader takes, and knows every key that the reader knows."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from rulebook import nudges, reader, triggers
from rulebook.codes import CODES
from rulebook.schema import schema
from streams.settings import CATALOG
from tests.conftest import DATA

FILES = [p for folder in CATALOG for p in sorted(folder.glob("*.yaml"))] + [p for p in [DATA.parent / "rules" / "worked.yaml"] if p.is_file()]
VALIDATOR = Draft202012Validator(schema())


class Plain(yaml.SafeLoader):
    """YAML as editors read it: 1.2, where `on` and 22:30 are text."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:float") or (tag.endswith(":bool") and first in "tfTF")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Plain.add_implicit_resolver("tag:yaml.org,2002:int", __import__("re").compile(r"^-?\d+$"), list("-0123456789"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: Path(p).name)
def test_shipped_files_are_valid(path):
    assert [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(yaml.load(path.read_text(encoding="utf-8"), Plain))] == []


def test_it_is_a_schema():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("code", ["E200", "E202", "E203", "E205", "E210", "E213", "E220", "E231"])
def test_it_marks_what_has_the_wrong_shape(code):
    bad = next(c.bad for c in CODES if c.code == code)
    assert list(VALIDATOR.iter_errors(yaml.load(bad, Plain)))


def test_it_knows_every_key_of_the_reader():
    properties = schema()["properties"]
    nudge = properties["nudges"]["patternProperties"][r"^[A-Za-z_][A-Za-z0-9_]*$"]["properties"]
    assert set(properties) == set(reader.FILE_KEYS)
    assert set(nudge) == set(nudges._NUDGE_KEYS)
    assert set(schema()["$defs"]["trigger"]["properties"]) == {key for keys in triggers._KINDS.values() for key in keys}


def line(event):
    return {"version": 1, "tests": [{"name": "t", "timeline": [{"at": "1m", **event}]}]}


@pytest.mark.parametrize("event", [
    {"rating_received": {"stars": 2, "tags": ["late"]}}, {"order_rejected": {"reason": "far", "pay": 30}}, {"order_cancelled": {"by": "partner"}},
    {"expect": {"held": "n", "why": "cooldown"}}, {"expect": "nothing"},
])  # fmt: skip
def test_it_takes_the_fields_of_events_and_the_reasons(event):
    assert list(VALIDATOR.iter_errors(line(event))) == []


@pytest.mark.parametrize("event", [
    {"rating_received": {"star": 2}}, {"rating_received": {"stars": "two"}}, {"order_cancelled": {"by": "nobody"}}, {"expect": {"held": "n", "why": "coldown"}},
])  # fmt: skip
def test_it_marks_fields_that_an_event_does_not_have_and_words_that_are_none(event):
    assert list(VALIDATOR.iter_errors(line(event)))


def described(node, path=()):
    """Where a key of a rule file has no words that say what it means."""
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            if "description" not in value and "$ref" not in value:
                yield (*path, key)
        for key, value in node.items():
            yield from described(value, (*path, key))
    elif isinstance(node, list):
        for value in node:
            yield from described(value, path)


def test_every_key_says_what_it_means():
    assert list(described(schema())) == []


def test_the_published_schema_is_that_of_this_version():
    import json

    published = Path(reader.__file__).parents[1] / "docs" / "schemas" / "rules.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == schema(), "`make docs` writes it anew"
