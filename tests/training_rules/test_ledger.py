"""A replay beside the ledger: the same, or what parts them."""

from training_rules.ledger import alone, beside, entry


def decision(rule="r", at=100.0, verdict="send", reason=None, version="1", ruleset="v1", decision_id="d"):
    return entry({"rule": rule, "decided_at": at, "verdict": verdict, "reason": reason, "rule_version": version, "ruleset_version": ruleset, "decision_id": decision_id})


def notes(replayed, ledger):
    return [pair.note for pair in beside(replayed, ledger, "v1")]


def test_the_same_decision_is_told_once_and_without_a_note():
    [pair] = beside([decision()], [decision()], "v1")
    assert (pair.replayed, pair.ledger, pair.note) == (decision(), decision(), "")


def test_another_verdict_of_a_changed_rule_is_told_with_both_versions():
    assert notes([decision(version="2", decision_id="e")], [decision(verdict="hold", reason="cap")]) == ["the rule has changed: then version 1, now 2"]


def test_another_verdict_of_a_changed_set_is_told_with_both_versions():
    assert notes([decision()], [decision(verdict="hold", reason="cap", ruleset="v0")]) == ["the rules have changed: then version v0, now v1"]


def test_another_verdict_of_the_same_rules_hung_on_what_is_not_in_the_replay():
    assert "the same rules" in notes([decision()], [decision(verdict="hold", reason="seats")])[0]


def test_what_only_one_of_them_has_is_told():
    pairs = beside([decision(at=1.0)], [decision(rule="q", at=2.0, decision_id="e", ruleset="v0")], "v1")
    assert [(p.at, p.note) for p in pairs] == [(1.0, "not in the ledger"), (2.0, "the rules have changed: then version v0, now v1")]


def test_decisions_of_one_rule_at_about_one_moment_belong_together():
    assert len(beside([decision(decision_id="e", at=100.4)], [decision(at=100.0)], "v1")) == 1
    assert len(beside([decision(decision_id="e", at=102.0)], [decision(at=100.0)], "v1")) == 2


def test_without_a_replay_only_a_change_of_the_rules_is_told():
    pairs = alone([decision(at=2.0), decision(at=1.0, ruleset="v0")], "v1")
    assert [(p.at, p.replayed, p.note) for p in pairs] == [(1.0, None, "the rules have changed: then version v0, now v1"), (2.0, None, "")]
