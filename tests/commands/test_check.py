"""`nudgeline check --cost` and `--against`: what a set costs, and what begins anew with it."""

import pytest

from commands.main import main
from tests.commands.test_backtest import HISTORY, RULES


@pytest.fixture
def check(tmp_path, capsys, monkeypatch):
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "history.ndjson").write_text("".join(HISTORY), encoding="utf-8")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["nudgeline", "check"])
        with pytest.raises(SystemExit) as ended:
            main(["check", str(tmp_path / "rules.yaml"), *arguments])
        return ended.value.code or 0, capsys.readouterr().out

    return run


def test_cost_is_counted_over_events_that_are_given(check, tmp_path):
    code, out = check("--events", str(tmp_path / "history.ndjson"))
    assert code == 0
    assert "over history.ndjson:" in out
    assert "a partner and day: a" in out


def test_what_begins_anew_is_told(check, tmp_path):
    (tmp_path / "old.yaml").write_text(RULES.replace("times: 2", "times: 3"), encoding="utf-8")
    code, out = check("--against", str(tmp_path / "old.yaml"))
    assert code == 0
    assert "begins anew  nudge a" in out


def test_rules_with_errors_have_no_cost(check, tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES.replace("online", "onlin"), encoding="utf-8")
    code, out = check("--cost")
    assert code == 1
    assert "a partner and day" not in out


def test_one_is_counted_as_one(check):
    assert ": 1 segment, 1 nudge, 0 tests" in check()[1]


def test_a_rule_that_never_triggered_is_told_with_what_its_events_had(check, tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES.replace("order_rejected,", "order_rejected, where: pay > 40,"), encoding="utf-8")
    _, out = check("--events", str(tmp_path / "history.ndjson"))
    assert "never        a: order_rejected came 4 times; order_rejected.pay was missing (4)" in out
