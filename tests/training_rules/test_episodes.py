"""`clears`: whether the pain was gone in time, and what follows where it was not."""

from tests.training_rules.town import START, Town, nudge, rules

RULES = "nudges:\n" + nudge("a", clears="{when: online, within: 30m, else: b}") + nudge("b", trigger="{happens: offer_expired}", kind="incentive")


def told(text=RULES, everyone=True):
    return Town(rules(text, everyone))


def test_what_becomes_true_in_time_is_cleared():
    town = told()
    town.feed("order_rejected", 0)
    town.feed("logged_in", 10)
    town.advance(60)
    assert town.decisions() == [("a", "send", None, 0), ("a", "cleared", None, 10)]


def test_what_stays_untrue_is_followed_by_another_nudge_at_its_deadline():
    town = told()
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions() == [("a", "send", None, 0), ("a", "not_cleared", None, 30), ("b", "send", None, 30)]


def test_at_the_deadline_itself_it_is_cleared_still():
    town = told("nudges:\n" + nudge("a", clears="{when: tenure >= 2d, within: 14h}"))
    town.feed("profile_updated", -1, joined_on="2026-03-01")
    town.feed("order_rejected", 0)
    town.advance(24 * 60)
    assert town.decisions()[-1] == ("a", "cleared", None, 14 * 60)


def test_what_is_true_already_is_cleared_at_once():
    town = told()
    town.feed("logged_in", -1)
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions() == [("a", "send", None, 0), ("a", "cleared", None, 0)]


def test_a_segment_that_is_left_clears():
    text = "segments:\n  idle: {when: online and not on_order}\nnudges:\n" + nudge("a", trigger="{enters: idle}", clears="{when: not segment.idle, within: 1h}")
    town = told(text)
    town.feed("logged_in", 0)
    town.feed("order_accepted", 5)
    assert town.decisions() == [("a", "send", None, 0), ("a", "cleared", None, 5)]


def test_time_alone_can_clear():
    town = told("nudges:\n" + nudge("a", clears="{when: count(order_rejected over 20m) < 1, within: 1h}"))
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions()[-1] == ("a", "cleared", None, 20)


def test_what_follows_passes_the_gates_too():
    town = told(RULES.replace("kind: incentive", "kind: incentive\n    days: [tue]"))
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions()[-1] == ("b", "hold", "outside_hours", 30)


def test_a_control_partner_has_episodes_too_and_gets_nothing_after_them():
    town = told(RULES.replace("mode: live", "holdout: 100%\n    mode: live", 1), everyone=False)
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions() == [("a", "ghost", "holdout", 0), ("a", "not_cleared", None, 30), ("b", "ghost", "holdout", 30)]


def test_a_shadow_opens_no_episode():
    town = told(RULES.replace("mode: live", "mode: shadow", 1))
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions() == [("a", "shadow", None, 0)]


def test_an_open_episode_outlives_a_restart():
    compiled = rules(RULES)
    town = Town(compiled)
    town.feed("order_rejected", 0)
    state = compiled.load(compiled.dump(town.corridor.partners["p"]))
    town.corridor = type(town.corridor)(compiled, {"p": state}, START)
    town.advance(60)
    assert [d[:2] for d in town.decisions()][1:] == [("a", "not_cleared"), ("b", "send")]


def test_the_ledger_says_what_was_true_and_of_which_nudge():
    town = told()
    [sent, _] = town.feed("order_rejected", 0)
    [cleared] = town.feed("logged_in", 10)
    assert (cleared.nudge_id, cleared.cause) == (sent.nudge_id, "e2")
    assert cleared.evidence == {"opened_at": START, "arm": "treatment", "online": {"value": True, "age": 0.0}}


def test_what_stays_untrue_is_told_where_nothing_follows_too():
    town = told("nudges:\n" + nudge("a", clears="{when: online, within: 30m}"))
    town.feed("order_rejected", 0)
    town.advance(60)
    assert town.decisions() == [("a", "send", None, 0), ("a", "not_cleared", None, 30)]
