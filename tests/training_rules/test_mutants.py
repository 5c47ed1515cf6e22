"""Mutation of rule sets: every kind of change is made, and a test that pins a thing down notices its change."""

import pytest

from rulebook.loader import read_text
from tests.training_rules.town import MESSAGES, nudge
from training_rules.mutants import mutants, noticed
from training_rules.timelines import read_timelines, run_tests


def ruleset(text):
    return read_text("version: 1\n" + text + MESSAGES)[0]


def changes(text):
    return [(m.definition, m.change) for m in mutants(ruleset(text))]


@pytest.mark.parametrize(("text", "change"), [
    ("segments:\n  a: {when: tenure < 30d}\n", "`tenure < 30d` becomes `tenure < 60d`"),
    ("segments:\n  a: {when: online and on_order}\n", "without `and on_order`"),
    ("segments:\n  a: {when: not online}\n", "`not online` becomes `online`"),
    ("segments:\n  a: {when: count(order_rejected over 2h) > 3}\n", "`count(order_rejected over 2h)` over `1h`"),
    ("segments:\n  a: {when: local_time() > 17:00}\n", "`local_time() > 17:00` becomes `local_time() > 19:00`"),
    ("segments:\n  a: {enter: {when: online, for: 10m}}\n", "`for: 10m` becomes `for: 20m`"),
    ("metrics:\n  m: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}, min_samples: 5}\nsegments:\n  a: {when: m(2h) < 60%}\n",
     "`min_samples: 5` becomes `min_samples: 2`"),
    ("nudges:\n" + nudge("n", trigger="{happens: order_rejected, times: 3, within: 20m}"), "`times: 3` becomes `times: 2`"),
    ("nudges:\n" + nudge("n", trigger="{happens: order_rejected, times: 3, within: 20m}"), "`order_rejected` becomes `order_offered`"),
    ("nudges:\n" + nudge("n", trigger='{happens: order_rejected, where: reason == "far"}'), 'without `where: reason == "far"`'),
    ("nudges:\n" + nudge("n", trigger="{happens: order_accepted, without: [order_cancelled, order_picked_up], for: 5m}"), "`without:` without `order_cancelled`"),
    ("metrics:\n  m: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}\nsegments:\n  a: {when: m(2h) < 80% * m(28d)}\n",
     "`80% * m(28d)` becomes `40% * m(28d)`"),
    ("segments:\n  a: {when: count(order_rejected over 2h) > 3}\n", "`count(order_rejected over 2h)` becomes `count(order_offered over 2h)`"),
    ("segments:\n  a: {when: sum(order_offered.distance_km over 2h) > 3km}\n",
     "`sum(order_offered.distance_km over 2h)` becomes `sum(order_accepted.distance_km over 2h)`"),
    ('segments:\n  a: {when: count(order_cancelled where by == "partner" over 7d) > 3}\n', '`by == "partner"` becomes `by == "customer"`'),
    ('segments:\n  a: {when: city == "blr"}\n', '`city == "blr"` becomes `city == "not blr"`'),
    ("nudges:\n" + nudge("n", cooldown="1h"), "without `cooldown`"),
    ("nudges:\n" + nudge("n", if_="online"), "without `if: online`"),
])  # fmt: skip
def test_each_kind_of_change_is_made(text, change):
    assert change in [words for _, words in changes(text)]


def test_rules_that_are_off_are_left_alone():
    assert changes("nudges:\n" + nudge("n", mode="off", cooldown="1h")) == []


def test_a_metric_that_is_a_goal_alone_is_left_alone():
    metric = "metrics:\n  m: {value: count(order_delivered)}\n"
    assert changes(metric + "nudges:\n" + nudge("n", mode="off", goal="{metric: m, within: 7d}")) == []


RULES = """
segments:
  here: {when: count(order_rejected over 20m) >= 2}
tests:
  - name: two in twenty minutes, not one, and not for long
    timeline:
      - {at: 1m, order_rejected: {}}
      - {at: 1m, expect: nothing}
      - {at: 16m, order_rejected: {}}
      - {at: 16m, expect: {enters: here}}
      - {at: 22m, expect: {exits: here}}
      - {at: 30m, order_rejected: {}}
      - {at: 31m, order_rejected: {}}
      - {at: 32m, order_rejected: {}}
      - {at: 32m, expect: {enters: here}}
"""


def missed(text):
    rules = ruleset(text)
    timelines = read_timelines(rules)
    assert all(r.passed for r in run_tests(rules, timelines))
    return [m.change for m in mutants(rules) if not noticed(m, timelines)]


def test_a_test_that_pins_everything_down_notices_every_change():
    assert missed(RULES) == []


WEAK = """
segments:
  here: {when: count(order_rejected over 20m) >= 2}
tests:
  - name: two at once
    timeline:
      - {at: 1m..2m every 1m, order_rejected: {}}
      - {at: 2m, expect: {enters: here}}
"""


def test_what_no_test_looks_at_is_told():
    over = "`count(order_rejected over 20m)` over"
    assert missed(WEAK) == ["`count(order_rejected over 20m) >= 2` becomes `count(order_rejected over 20m) >= 1`", f"{over} `40m`", f"{over} `10m`"]
