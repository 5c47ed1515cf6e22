"""A rule set is read whole or not at all, and every fault is reported with its place."""

import pytest

from rulebook.errors import RuleErrors
from rulebook.faults import Severity
from rulebook.loader import NoRules, load_files, read_text

GOOD = """version: 1
segments:
  new: {enter: {when: tenure < 30d and online, for: 5m}}
nudges:
  hello:
    trigger: {enters: new}
    send: hi
    kind: tip
    cooldown: 1d
    priority: 10
    mode: live
messages:
  hi: {en: {title: "on", body: no}}
"""


def faults(text):
    with pytest.raises(RuleErrors) as e:
        read_text(text)
    return e.value.faults


def test_scalars_are_what_the_schema_says_and_never_what_yaml_guesses():
    rules, _ = read_text(GOOD)
    assert (rules.messages["hi"].texts["en"].title, rules.messages["hi"].texts["en"].body) == ("on", "no")


def test_the_version_changes_with_any_definition():
    assert read_text(GOOD)[0].version != read_text(GOOD.replace("30d", "31d"))[0].version


def test_the_version_does_not_change_with_comments_and_order():
    lines = GOOD.splitlines()
    reordered = "\n".join([lines[0], "# a comment", *lines[-2:], *lines[1:-2]])
    assert read_text(GOOD)[0].version == read_text(reordered)[0].version


def test_all_faults_are_reported_in_one_run():
    text = GOOD.replace("tenure", "tenur").replace("kind: tip", "kind: tipp").replace("send: hi", "send: hello")
    assert sorted(f.code for f in faults(text)) == ["E201", "E201", "E205"]


def test_a_fault_shows_file_line_column_caret_and_help():
    text = str(faults(GOOD.replace("tenure", "tenure_days"))[0])
    assert "rules.yaml:3:23  in segment new" in text
    assert "^^^^^^^^^^^" in text
    assert "did you mean `tenure`?" in text


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version: 1", "version: 2", "E240"), ("version: 1\n", "", "E202"), ("cooldown: 1d", "cooldown: 1", "E204"), ("cooldown: 1d", "cooldown: 0.5s", "E204"),
        ("priority: 10", "priority: 101", "E204"), ("mode: live", "modes: live", "E200"), ("tenure < 30d", "tenure < 30", "E301"),
        ("tenure < 30d", "distance_to(x) < 3km", "E201"), ("  hi: {en", "  hi: {en: {title: a, body: b}}\n  hi: {en", "E105"),
        ("{enters: new}", "{happens: order_rejected, times: 3}", "E211"), ("{enters: new}", "{happens: order_rejected, without: x}", "E212"),
        ("body: no", 'body: "{name}"', "E233"), ("tenure < 30d", "tenure", "E310"), ("online", "city < online", "E301"),
        ("version: 1", "version: 1\nx: &a [*a]", "E103"), ("  new:", "\tnew:", "E101"),
    ],
)  # fmt: skip
def test_a_fault_has_its_code(old, new, code):
    assert code in [f.code for f in faults(GOOD.replace(old, new))]


def test_two_files_that_define_one_name_are_a_fault_with_both_places(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.split("nudges:", maxsplit=1)[0])
    with pytest.raises(RuleErrors) as e:
        load_files([tmp_path])
    assert [(f.code, f.other is not None) for f in e.value.faults if f.severity is Severity.ERROR] == [("E241", True)]


def test_a_folder_without_rules_is_named(tmp_path):
    with pytest.raises(NoRules, match=r"no \*\.yaml"):
        load_files([tmp_path])


@pytest.mark.parametrize("junk", ["", "- 1", "a: [", "\x00", "version: 1\nnudges: 3", "? {a: b}\n: c", "version: 1\npolicy: []", "%YAML 9\n---\n"])
def test_junk_is_reported_and_never_a_traceback(junk):
    assert faults(junk)


def pointed_at(text, code):
    """The text under the carets of the first fault with a code, and its help."""
    fault = next(f for f in faults(text) if f.code == code)
    return fault.span.file.text[fault.span.start : fault.span.end], fault.help


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [("    cooldown: 1d\n", "", "hello"), ("{when: tenure < 30d and online, for: 5m}", "{for: 5m}", "enter"), ("trigger: {enters: new}", "hypothesis: Why.", "hello"),
     ("priority: 10", "priority: 10\n    goal: {within: 1d}", "goal"), ("body: no", "speak: no", "en")],
)  # fmt: skip
def test_a_missing_key_is_shown_at_the_name_of_what_misses_it(old, new, name):
    assert pointed_at(GOOD.replace(old, new), "E202")[0] == name


def test_an_unknown_module_is_shown_under_send_with_how_one_is_declared():
    declared = "declare it: `modules: {far: {title: ..., minutes: 3, link: ...}}`"
    assert pointed_at(GOOD.replace("send: hi", "send: {best_of: [far]}"), "E201") == ("far", declared)


def test_the_declaration_that_is_told_can_be_pasted():
    text = GOOD.replace("send: hi", "send: {best_of: [far]}")
    read_text(text + pointed_at(text, "E201")[1].split("`")[1] + "\n")


def test_of_several_modules_the_unknown_one_is_shown_and_the_nearest_proposed():
    text = GOOD.replace("send: hi", "send: {best_of: [far, faar]}") + "modules:\n  far: {title: Far, minutes: 3, link: x}\n"
    shown, told = pointed_at(text, "E201")
    assert (shown, told.split("?")[0]) == ("faar", "did you mean `far`")


def test_an_unknown_message_is_shown_under_send_with_how_one_is_declared():
    assert pointed_at(GOOD.replace("send: hi", "send: later"), "E201") == ("later", "declare it: `messages: {later: {en: {title: ..., body: ...}}}`")


@pytest.mark.parametrize(
    ("send", "told"),
    [("lesson", "`lesson` is a module: write `send: {best_of: [lesson]}`"), ("{best_of: [hi]}", "`hi` is a message: write `send: hi`")],
)
def test_a_message_and_a_module_are_told_apart(send, told):
    text = GOOD.replace("send: hi", f"send: {send}") + "modules:\n  lesson: {title: L, minutes: 3, link: x}\n"
    assert pointed_at(text, "E201")[1] == told


def test_a_choice_among_no_modules_is_refused():
    assert pointed_at(GOOD.replace("send: hi", "send: {best_of: []}"), "E203")[1] == "write `send: {best_of: [MODULE]}`"
