"""`nudgeline explain` and `nudgeline record` from files."""

import json

import pytest
from click.testing import CliRunner

from commands.main import main
from commands.main import verb as command_of
from tests.training_rules.town import MESSAGES, START, nudge

RULES = "version: 1\nsegments:\n  here: {when: online}\nnudges:\n" + nudge("twice", trigger="{happens: order_rejected, times: 2, within: 10m}", cooldown="1h") + MESSAGES


def line(kind, minute, event_id, partner="p-1", **fields):
    return json.dumps({"type": kind, "event_id": event_id, "partner_id": partner, "occurred_at": START + 60 * minute} | fields) + "\n"


HISTORY = [
    line("logged_in", 0, "e1"),
    line("order_rejected", 1, "e2", order_id="1"),
    line("order_rejected", 2, "e3", order_id="2"),
    line("logged_in", 10, "x1", partner="p-2"),
    line("order_rejected", 20, "e4", order_id="3"),
    line("order_rejected", 21, "e5", order_id="4"),
    line("logged_in", 40, "x2", partner="p-2"),
]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a verb over some lines; exit status, output, and what was said beside it."""

    def call(verb, *more, lines=HISTORY, rules=RULES):
        (tmp_path / "rules.yaml").write_text(rules)
        (tmp_path / "events.ndjson").write_text("".join(lines))
        words = [verb, "--rules", tmp_path / "rules.yaml", "--events", tmp_path / "events.ndjson", *more]
        monkeypatch.setattr("sys.argv", ["nudgeline", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main([str(w) for w in words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_a_tree_shows_what_was_decided_and_what_would_hold_now(run):
    status, out, _ = run("explain", "--partner", "p-1")
    assert status == 0
    assert "p-1 at 2026-03-02 10:40:00 UTC" in out
    assert "10:02:00  send  e2 e3" in out
    assert "10:21:00  hold: cooldown  e4 e5" in out
    assert "cooldown until 11:02:00" in out
    assert "why, for the partner (en): Because of your recent orders." in out


def test_at_a_moment_nothing_is_known_of_what_came_later(run):
    told = json.loads(run("explain", "--partner", "p-1", "--at", "2026-03-02T10:01:30Z", "--format", "json")[1])
    [rule] = told["rules"]
    assert rule["decisions"] == []
    assert [(o["have"], o["need"]) for o in rule["trigger"]["opened"]] == [(1, 2)]
    assert told["at"] == START + 90


def test_a_ledger_that_differs_is_told_with_both_versions(run, tmp_path):
    other = {"type": "decision", "partner_id": "p-1", "rule": "twice", "rule_version": "old", "ruleset_version": "older", "verdict": "hold", "reason": "cap"}
    other |= {"decided_at": START + 120, "decision_id": "d", "evidence": {"events": ["e2"], "online": {"value": True, "age": 90.0}}}
    (tmp_path / "ledger.ndjson").write_text(json.dumps(other) + "\n")
    out = run("explain", "--partner", "p-1", "--ledger", tmp_path / "ledger.ndjson")[1]
    assert "ledger hold: cap, replay send  the rule has changed: then version old, now" in out
    assert "online = True (1m 30s old), events e2" in out
    assert "ledger has none, replay hold: cooldown  not in the ledger" in out


def test_a_ledger_that_backtest_wrote_differs_in_nothing(run, tmp_path):
    run("backtest", "--decisions", tmp_path / "decisions.ndjson")
    told = json.loads(run("explain", "--partner", "p-1", "--ledger", tmp_path / "decisions.ndjson", "--format", "json")[1])
    assert [pair["note"] for pair in told["ledger"]] == ["", ""]


@pytest.mark.parametrize(("words", "said"), [
    (["--partner", "p-11"], "there is no event of a partner 'p-11'; did you mean 'p-1'?"),
    (["--partner", "p-1", "--at", "2026-03-01"], "before the first event of p-1, which is of 2026-03-02T10:00:00Z"),
    (["--partner", "p-1", "--rule", "twic"], "did you mean `twice`?"),
])  # fmt: skip
def test_what_can_not_be_explained_is_one_sentence(run, words, said):
    status, out, err = run("explain", *words)
    assert (status, out) == (1, "")
    assert said in err


@pytest.mark.parametrize("words", [["--at", "yesterday"], ["--format", "xml"], ["--back", "long"], ["--ledger", "nowhere.ndjson"]])
def test_an_option_that_makes_no_sense_is_wrong_usage(run, words):
    assert run("explain", "--partner", "p-1", *words)[0] == 2


def test_a_partner_whom_no_rule_concerns_is_said_to_be_so(run):
    assert "no rule concerns this partner now" in run("explain", "--partner", "p-2")[1]


def record(run, *more):
    return run("record", "--partner", "p-1", "--from", "2026-03-02T10:00:00Z", "--to", "2026-03-02T10:30:00Z", *more)


def test_a_recorded_test_passes_beside_the_rules(run, tmp_path):
    status, _, err = record(run, "--out", tmp_path / "recorded.yaml", "--rule", "twice", "--name", "twice, then too soon")
    assert (status, "5 events" in err) == (0, True)
    assert run("test", tmp_path / "recorded.yaml", tmp_path / "rules.yaml")[0] != 1
    assert "{nudge: twice}" in (tmp_path / "recorded.yaml").read_text()


def test_a_file_that_exists_is_not_written_over(run, tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    assert record(run, "--out", tmp_path / "mine.yaml")[0] == 2
    assert (tmp_path / "mine.yaml").read_text() == "precious"


def test_a_stretch_that_ends_before_it_begins_is_wrong_usage(run):
    assert run("record", "--partner", "p-1", "--from", "2026-03-03", "--to", "2026-03-02")[0] == 2


def test_a_partner_of_whom_there_is_nothing_can_not_be_recorded(run):
    status, _, err = run("record", "--partner", "nobody", "--from", "2026-03-01", "--to", "2026-03-02")
    assert (status, "no event of a partner 'nobody'" in err) == (1, True)


@pytest.mark.parametrize("verb", ["explain", "record"])
def test_what_is_still_to_come_is_wrong_usage(verb):
    words = {"explain": ["--at", "2090-01-01"], "record": ["--from", "2090-01-01", "--to", "2090-01-02"]}[verb]
    assert CliRunner().invoke(command_of(verb), ["--partner", "p", *words]).exit_code == 2
