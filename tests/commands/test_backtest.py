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


@pytest.mark.parametrize(("option", "value"), [("--sample", "many"), ("--sample", "0%"), ("--from", "yesterday")])
def test_an_option_that_makes_no_sense_is_wrong_usage(backtest, option, value):
    assert backtest(HISTORY, option, value)[0] == 2


def test_missing_history_is_one_sentence(backtest, tmp_path, capsys):
    assert backtest(HISTORY, "--events", tmp_path / "none.ndjson")[0] == 1
    assert "none.ndjson" in capsys.readouterr().err


def test_rules_that_do_not_check_are_reported_with_their_place(backtest, capsys):
    assert backtest(HISTORY, rules=RULES.replace("online", "onlin"))[0] == 1
    assert "did you mean `online`" in capsys.readouterr().err


def test_a_rule_that_never_triggered_has_its_row_and_the_reason_for_it(backtest, capsys):
    waits = nudge("dead", trigger='{happens: order_rejected, where: reason == "distance"}')
    backtest(HISTORY, rules=RULES.replace(MESSAGES, waits + MESSAGES))
    out = capsys.readouterr().out
    assert [" ".join(line.strip("│").split()) for line in out.splitlines() if "dead" in line and "│" in line] == ["dead │ never triggered │ │ 0"]
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
