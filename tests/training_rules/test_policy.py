"""The gates of delivery, each with its reason."""

import pytest

from tests.training_rules.town import Town, nudge, rules
from training_rules import Corridor, Partners


def reasons(keys=None, policy="", lines=(("order_rejected", 0),), everyone=True, setup=()):
    town = Town(rules("nudges:\n" + nudge(**(keys or {})) + policy, everyone))
    for kind, minute, *more in (*setup, *lines):
        town.feed(kind, minute, **(more[0] if more else {}))
    return [(verdict, reason) for _, verdict, reason, _ in town.decisions()]


SEND = ("send", None)


def test_a_condition_that_is_not_definitely_true_holds():
    assert reasons({"if_": "online"}) == [("hold", "condition")]


def test_a_cooldown_holds_until_it_is_over():
    assert reasons({"cooldown": "10m"}, lines=[("order_rejected", m) for m in (0, 9.9, 10)]) == [SEND, ("hold", "cooldown"), SEND]


def test_max_counts_sends_in_its_window():
    assert reasons({"max": "2 per 1h"}, lines=[("order_rejected", m) for m in (0, 1, 2, 60)]) == [SEND, SEND, ("hold", "max"), SEND]


def test_caps_count_all_rules_and_urgent_passes_them():
    policy = "policy: {caps: [1 per 20m]}\n"
    assert reasons({}, policy, [("order_rejected", m) for m in (0, 19, 20)]) == [SEND, ("hold", "cap"), SEND]
    assert reasons({"urgent": "true"}, policy, [("order_rejected", m) for m in (0, 1)]) == [SEND, SEND]


def test_quiet_hours_are_those_where_the_partner_is():
    setup = [("profile_updated", -1, {"time_zone": "Asia/Kolkata"})]  # 10:00 UTC is 15:30 there
    assert reasons({}, "policy: {quiet_hours: 15:00-16:00}\n", setup=setup) == [("hold", "quiet_hours")]
    assert reasons({}, "policy: {quiet_hours: 15:00-16:00}\n") == [SEND]


def test_quiet_hours_may_cross_midnight():
    assert reasons({}, "policy: {quiet_hours: 22:30-10:01}\n") == [("hold", "quiet_hours")]


def test_never_while_riding_holds_urgent_rules_too_but_not_those_about_the_order():
    policy, setup = "policy: {never_while: riding}\n", [("order_accepted", -1)]
    assert reasons({}, policy, setup=setup) == [("hold", "not_safe_now")]
    assert reasons({"urgent": "true"}, policy, setup=setup) == [("hold", "not_safe_now")]
    assert reasons({"about_order": "true"}, policy, setup=setup) == [SEND]


def test_a_fast_fix_is_riding_for_a_minute():
    policy, setup = "policy: {never_while: riding}\n", [("position", -1, {"lat": 1.0, "lon": 1.0, "speed": 9.0})]
    assert reasons({}, policy, [("order_rejected", 0), ("order_rejected", 0.1)], setup=setup) == [("hold", "not_safe_now"), SEND, SEND]


@pytest.mark.parametrize(("setup", "reason"), [
    (("profile_updated", -1, {"consent": False}), "no_consent"), (("opted_out", -1, {}), "opted_out"), (("opted_out", -1, {"rule": "n"}), "opted_out"),
])  # fmt: skip
def test_a_partner_who_does_not_want_nudges_gets_none(setup, reason):
    assert reasons(setup=[setup]) == [("hold", reason)]


def test_hours_and_days_are_local():
    assert reasons({"hours": "17:00-22:00"}) == [("hold", "outside_hours")]
    assert reasons({"days": "[tue]"}) == [("hold", "outside_hours")]
    assert reasons({"days": "[mon]", "hours": "09:00-11:00"}) == [SEND]


def test_an_expired_rule_sends_nothing():
    assert reasons({"expires": "2026-03-01"}) == [("hold", "expired")]
    assert reasons({"expires": "2026-03-02"}) == [SEND]


def test_of_two_rules_on_one_event_the_one_of_higher_priority_is_sent():
    town = Town(rules("nudges:\n" + nudge("a", priority="10") + nudge("b", priority="20")))
    town.feed("order_rejected", 0)
    assert town.decisions() == [("a", "hold", "lower_priority", 0), ("b", "send", None, 0)]


def test_a_shadow_never_displaces_a_live_rule():
    town = Town(rules("nudges:\n" + nudge("a", priority="10") + nudge("b", priority="20", mode="shadow")))
    town.feed("order_rejected", 0)
    assert town.decisions() == [("a", "send", None, 0), ("b", "shadow", None, 0)]


def changed(town, rules):
    town.corridor.change(rules)


def restarted(town, rules):
    before = town.corridor
    states = {who: before.rules.dump(state) for who, state in before.partners.items()}
    town.corridor = Corridor(rules, Partners(rules, resting=states), before.stream_time)


@pytest.mark.parametrize("changes", [changed, restarted])
@pytest.mark.parametrize(("minutes", "came"), [
    ("shadow shadow live live", "shadow cooldown send cooldown"), ("live shadow live", "send cooldown cooldown"), ("shadow live shadow", "shadow send cooldown"),
])  # fmt: skip
def test_a_trial_rests_for_what_was_sent_and_nobody_rests_for_a_trial(changes, minutes, came):
    sets = {mode: rules("nudges:\n" + nudge(cooldown="1h", mode=mode)) for mode in ("shadow", "live")}
    town = Town(sets[minutes.split()[0]])
    for minute, mode in enumerate(minutes.split()):
        changes(town, sets[mode])
        town.feed("order_rejected", minute)
    assert [verdict if verdict != "hold" else reason for _, verdict, reason, _ in town.decisions()] == came.split()


def test_a_hole_without_a_value_is_never_guessed():
    text = "nudges:\n" + nudge() + "messages:\n  text: {en: {title: Hello, body: 'Dear {first_name}'}}\n"
    town = Town(rules(text))
    town.feed("order_rejected", 0)
    town.feed("profile_updated", 1, first_name="Asha")
    town.feed("order_rejected", 2)
    assert town.decisions() == [("n", "hold", "missing_value", 0), ("n", "send", None, 2)]
    assert town.out[-1].body == "Dear Asha"


def test_a_ghost_takes_cooldown_and_cap_as_a_send_does():
    keys = {"holdout": "100%", "cooldown": "1h"}
    assert reasons(keys, lines=[("order_rejected", 0), ("order_rejected", 1)], everyone=False) == [("ghost", "holdout"), ("hold", "cooldown")]


def test_a_rollout_reaches_its_share_and_growing_it_changes_no_side():
    def reached(share):
        town = Town(rules("nudges:\n" + nudge(rollout=share), everyone=False))
        for n in range(400):
            town.feed("order_rejected", n / 100, partner=f"p{n}")
        return {o.partner_id for o in town.out if o.type == "nudge"}

    quarter, half = reached("25%"), reached("50%")
    assert 70 <= len(quarter) <= 130
    assert quarter < half
