"""What log-ins and log-outs come to."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments import facts
from segments.state import PartnerState

DAY = 86400
LOGS = st.lists(st.tuples(st.integers(0, 3 * DAY), st.booleans()), max_size=12).map(sorted)


def online_today(logs, now):
    """Summed over all that lies between two logs, since midnight, UTC."""
    online, since, found, start = False, 0, 0, now - now % DAY
    for t, comes in [*logs, (now, False)]:
        if online:
            found += max(0, t - max(since, start))
        online, since = comes, t
    return found


@pytest.mark.parametrize(("value", "goal", "now"), [(3960.0, 1.1 * 3600, 1.7e9), (95040.0, 1.1 * 86400, 1.7e9), (5.0, 5.0, 1.7e9)])
def test_what_grows_reaches_its_goal_later_than_now_whatever_the_sum_rounds_to(value, goal, now):
    assert now < facts.reaches(value, now, goal) < now + 1e-3


@given(LOGS, st.integers(0, DAY))
def test_seconds_online_today_are_those_since_midnight_whatever_is_said_twice(logs, later):
    state = PartnerState("p")
    for t, comes in logs:
        (facts.logged_in if comes else facts.logged_out)(state, SimpleNamespace(zone=None), float(t))
    now = logs[-1][0] + later if logs else later
    assert facts.online_today(state, float(now)) == online_today(logs, now)


def test_of_orders_that_were_closed_so_many_are_remembered_and_the_others_counted():
    state = PartnerState("p")
    for number in range(2000):
        facts.order_closed(state, SimpleNamespace(order_id=f"o{number}"), 1.7e9 + number * 0.02)
    assert (len(state.closed) <= facts.MOST_CLOSED, f"o{1999}" in state.closed, len(state.closed) + state.dropped) == (True, True, 2000)


def test_of_opt_outs_so_many_are_kept_and_that_from_all_rules_always():
    state = PartnerState("p")
    for rule in (None, *map(str, range(400))):
        facts.opted_out(state, SimpleNamespace(rule=rule), 1.7e9)
    assert (len(state.opted_out), state.opted_out[0], state.opted_out[-1], state.dropped, len(state.context)) == (facts.MOST_OPT_OUTS, "", "399", 401 - facts.MOST_OPT_OUTS, facts.MOST_OPT_OUTS)
