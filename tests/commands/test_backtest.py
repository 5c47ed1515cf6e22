"""`nudgeline backtest`: history in, decisions out."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from commands.main import main
from tests.training_rules.town import MESSAGES, START, nudge

RULES = "version: 1\nsegments:\n  here: {when: online}\nnudges:\n" + nudge("a", trigger="{happens: order_rejected, times: 2, within: 10m}", cooldown="1h") + MESSAGES


def line(kind, minute, event_id, partner="p", key="", **fields):
    event = {"type": kind, "event_id": event_id, "partner_id": partner, "occurred_at": START + 60 * minute} | fields
    return key + json.dumps(event) + "\n"


HISTORY = [
    line("logged_in", 0, "e1"),
    line("order_rejected", 1, "e2", order_id="1"),
    line("order_rejected", 2, "e3", key="p\t", order_id="2"),
    line("order_rejected", 20, "e4", order_id="3"),
    line("order_rejected", 21, "e5", order_id="4"),
    line("logged_out", 30, "e6"),
]


@pytest.fixture
def backtest(tmp_path, monkeypatch):
    """Runs it over some lines; the exit status and what was decided."""

    def run(lines, *more, rules=RULES, out=True):
        (tmp_path / "rules.yaml").write_text(rules)
        (tmp_path / "events.ndjson").write_text("".join(lines))
        words = ["backtest", "--rules", tmp_path / "rules.yaml", "--events", tmp_path / "events.ndjson", *(["--decisions", tmp_path / "out"] if out else []), *more]
        monkeypatch.setattr("sys.argv", ["nudgeline", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main([str(w) for w in words])
        made = (tmp_path / "out").read_text().splitlines() if (tmp_path / "out").exists() else []
        return int(ended.value.code or 0), [json.loads(text) for text in made]

    return run


def told(decided):
    return [(d.get("segment") or d["rule"], d.get("transition") or d["verdict"], d.get("reason"), (d["decided_at"] - START) / 60, d["cause"]) for d in decided]


def test_decisions_come_one_a_line_in_order_of_stream_time(backtest):
    status, decided = backtest(HISTORY)
    assert status == 0
    assert told(decided) == [
        ("here", "entered", None, 0, "e1"),
        ("a", "send", None, 2, "e3"),
        ("a", "hold", "cooldown", 21, "e5"),
        ("here", "exited", None, 30, "e6"),
    ]


def test_the_same_history_gives_the_same_ids(backtest):
    assert backtest(HISTORY) == backtest(HISTORY)


def test_timers_that_were_due_when_history_ends_have_fired(backtest):
    waits = "version: 1\nnudges:\n" + nudge("a", trigger="{happens: order_accepted, without: order_picked_up, for: 15m}") + MESSAGES
    lines = [line("order_accepted", 0, "e1", order_id="1"), line("logged_in", 15, "e2", partner="other")]
    assert told(backtest(lines, rules=waits)[1]) == [("a", "send", None, 15, "-")]


def test_events_out_of_order_are_late_and_the_way_out_is_told(backtest, capsys):
    _, decided = backtest(reversed(HISTORY))
    assert [d["reason"] for d in decided].count("late_event") == 5
    assert "--sort" in capsys.readouterr().err


def test_sorting_makes_the_order_of_lines_of_no_matter(backtest):
    assert told(backtest(list(reversed(HISTORY)), "--sort")[1]) == told(backtest(HISTORY)[1])


def test_partners_are_sampled_as_a_whole(backtest):
    many = [line(kind, minute, f"{kind}{minute}{p}", partner=p, order_id="1") for minute, kind in enumerate(["order_rejected"] * 2) for p in map(str, range(200))]
    sampled = {d["partner_id"] for d in backtest(many, "--sample", "25%")[1]}
    assert 30 <= len(sampled) <= 70
    assert {d["partner_id"] for d in backtest(many, "--sample", "10%")[1]} < sampled


def test_bad_lines_are_counted_by_reason(backtest, capsys):
    status, decided = backtest([*HISTORY, "nonsense\n"])
    assert (status, len(decided)) == (0, 4)
    assert "not_json" in capsys.readouterr().out


def test_a_file_of_decisions_has_its_name_only_when_it_is_complete(backtest, tmp_path):
    (tmp_path / "cut.ndjson.gz").write_bytes(gzip.compress("".join(HISTORY * 100).encode())[:-20])
    assert backtest(HISTORY, "--events", tmp_path / "cut.ndjson.gz") == (1, [])
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("option", "value"),
    [("--sample", "many"), ("--sample", "0%"), ("--from", "yesterday"), ("--max-share", "2"), ("--max-growth", "10%"), ("--max-lost", "10%"), ("--partitions", "0")],
)
def test_an_option_that_makes_no_sense_is_wrong_usage(backtest, option, value):
    assert backtest(HISTORY, option, value)[0] == 2


def test_missing_history_is_one_sentence(backtest, tmp_path, capsys):
    assert backtest(HISTORY, "--events", tmp_path / "none.ndjson")[0] == 1
    assert "none.ndjson" in capsys.readouterr().err


def test_rules_that_do_not_check_are_reported_with_their_place(backtest, capsys):
    assert backtest(HISTORY, rules=RULES.replace("online", "onlin"))[0] == 1
    assert "did you mean `online`" in capsys.readouterr().err


def test_a_rule_that_never_triggered_is_told_with_the_reason_for_it(backtest, capsys):
    waits = nudge("dead", trigger='{happens: order_rejected, where: reason == "distance"}')
    backtest(HISTORY, rules=RULES.replace(MESSAGES, waits + MESSAGES))
    out = capsys.readouterr().out
    assert "dead never triggered: order_rejected came 4 times; order_rejected.reason was never `distance`: it was missing (4)" in out


def test_a_rule_that_triggered_has_no_word_of_never(backtest, capsys):
    backtest(HISTORY)
    assert "never triggered" not in capsys.readouterr().out


def test_decisions_go_into_a_pipe_that_stays_one(backtest, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text)
        status, _ = backtest(HISTORY, "--decisions", pipe, out=False)
        assert (status, len(read.result(timeout=30).splitlines())) == (0, 4)
    assert pipe.is_fifo()


def test_events_come_out_of_a_pipe(backtest, tmp_path):
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as writer:
        writer.submit(pipe.write_text, "".join(HISTORY))
        status, decided = backtest([], "--events", pipe)
    assert (status, len(decided)) == (0, 4)


def test_a_file_of_which_nothing_can_be_read_fails(backtest):
    status, decided = backtest(['{"type": "logged_in"}\n', "{}\n"])
    assert (status, decided) == (1, [])


def test_a_limit_that_is_not_kept_fails_and_says_why(backtest, capsys):
    assert backtest(HISTORY, "--max-per-partner-day", "0")[0] == 1
    assert "--max-per-partner-day is not kept: at most 1 nudge a partner and day, p on 2026-03-02; 0 allowed" in capsys.readouterr().err


def test_limits_that_are_kept_pass_and_stand_in_the_json(backtest, tmp_path, capsys):
    assert backtest(HISTORY, "--max-per-partner-day", "1", "--max-share", "100%", "--must-trigger", "--json", tmp_path / "found.json")[0] == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(c["limit"], c["kept"]) for c in found["limits"]] == [("--max-per-partner-day", True), ("--max-share", True), ("--must-trigger", True)]
    assert "--must-trigger is kept: every rule triggered" in capsys.readouterr().out


def test_terminal_json_and_page_say_that_history_can_not_show_an_effect(backtest, tmp_path, capsys):
    backtest(HISTORY, "--json", tmp_path / "found.json", "--report", tmp_path / "page.html")
    said = "History shows what would have been sent, not whether it would have helped"
    places = (capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())["honest"], (tmp_path / "page.html").read_text())
    assert [said in " ".join(text.split()) for text in places] == [True, True, True]


def test_json_alone_is_on_standard_output_and_tables_are_beside_it(backtest, capsys):
    backtest(HISTORY, "--json", "-", out=False)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["rules"][0]["sent"] == 1
    assert "From trigger to send" in printed.err


def test_only_one_thing_goes_to_standard_output(backtest):
    assert backtest(HISTORY, "--json", "-", "--decisions", "-", out=False)[0] == 2


def test_against_itself_there_is_no_difference(backtest, tmp_path, capsys):
    backtest(HISTORY, "--against", tmp_path / "rules.yaml")
    assert "no difference: both decide the same throughout" in " ".join(capsys.readouterr().out.split())


def test_a_partner_that_is_gained_is_told_with_what_happened(backtest, tmp_path, capsys):
    (tmp_path / "before.yaml").write_text(RULES.replace("times: 2", "times: 9"))
    backtest(HISTORY, "--against", tmp_path / "before.yaml")
    out = capsys.readouterr().out
    assert "a: p gained" in out
    assert "2026-03-02 10:02:00  now     a: send" in out


def test_a_sweep_has_a_row_for_each_value(backtest, capsys):
    backtest(HISTORY, "--sweep", "a.cooldown=5m,1h")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["5m", "2", "1", "2", "1", "2"] in rows
    assert ["1h", "(as", "it", "is)", "1", "1", "1", "1", "1"] in rows


def test_a_sweep_of_what_is_not_there_is_one_sentence(backtest, capsys):
    assert backtest(HISTORY, "--sweep", "a.cooldwn=5m")[0] == 1
    assert "did you mean `cooldown`" in capsys.readouterr().err


def test_processes_and_partitions_change_no_id(backtest):
    many = [line(kind, minute, f"{minute}{p}", partner=p, order_id="1") for minute, kind in enumerate(["order_rejected"] * 4) for p in map(str, range(50))]
    one, several = (backtest(many, "--partitions", parts, "--processes", count)[1] for parts, count in (("1", "1"), ("8", "2")))
    assert sorted(d["decision_id"] for d in one) == sorted(d["decision_id"] for d in several)
    assert len(one) == 100


def test_profiles_from_before_the_time_asked_for_are_known_when_it_begins(backtest):
    rules = "version: 1\nnudges:\n" + nudge("a", trigger="{happens: order_rejected}", if_='vehicle == "bike"') + MESSAGES
    lines = [line("profile_updated", -3000, "e0", vehicle="bike"), line("order_rejected", -2000, "e1", order_id="1"), line("order_rejected", 1, "e2", order_id="2")]
    decided = backtest(lines, "--from", "2026-03-02T10:00:00", rules=rules)[1]
    assert [(d["verdict"], d["cause"]) for d in decided] == [("send", "e2")]


@pytest.mark.parametrize("words", [[], ["--from-topics", "--events", "x"], ["--from-topics", "--limit", "3"], ["--from-topics", "--sweep", "a.cooldown=1h,2h"]])
def test_events_come_from_one_place(words, monkeypatch):
    monkeypatch.setattr("sys.argv", ["nudgeline", "backtest", *words])
    with pytest.raises(SystemExit) as ended:
        main(["backtest", *words])
    assert ended.value.code == 2
