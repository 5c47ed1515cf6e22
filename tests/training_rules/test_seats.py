"""A zone's seats over all partitions: never more than there are, none lost in rounding, and who had none for longest first."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from events.structs import BROADCAST_STRUCTS
from tests.training_rules.town import START, nudge, rules
from training_rules import House

HELD = 1800.0
COMPILED = rules("nudges:\n" + nudge(seats="zone_gap", valid_for="30m"))
RULE = COMPILED.rules[0]

weights = st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any)


class Parts:
    """The houses of all partitions, to which the same figures come."""

    def __init__(self, parts):
        self.houses, self.number = [House(part, parts) for part in range(parts)], 0

    def figures(self, now, shares):
        self.number += 1
        e = BROADCAST_STRUCTS["zone_figures"](
            event_id=str(self.number), occurred_at=now, at=float(self.number), zone="north", offers=1, online=1, shares=shares, shares_at=now
        )
        for house in self.houses:
            house.crowd.take(e, now, {})

    def partner(self, part, name=""):
        self.number += 1
        s = COMPILED.new_state(name or f"p{self.number}")
        s.house, s.online, s.zone, s.zone_at = self.houses[part], True, "north", inf
        return s

    def ask(self, s, seats, now):
        """A partner would be sent the nudge: whether they are."""
        if not s.house.has_seat(RULE, seats, now, s):
            return False
        s.house.take(RULE, now, s, paid=True)
        s.slots[RULE.sends_slot] = [*(s.slots[RULE.sends_slot] or ()), now]
        return True

    def held(self, now):
        return sum(at + HELD > now for house in self.houses for at in house.taken.get(("n", "north"), ()))


steps = st.lists(st.tuples(st.integers(0, 900), st.one_of(st.integers(0, 5), weights)), max_size=80)


@given(st.integers(1, 6), st.integers(0, 12), steps)
def test_at_no_time_more_seats_are_held_than_there_are_however_partners_move(parts, seats, moves):
    city, now = Parts(parts), START
    city.figures(now, [1] * parts)
    for gap, move in moves:
        now += gap
        if isinstance(move, list):
            city.figures(now, [*(move * parts)[: parts - 1], 1])
        else:
            city.ask(city.partner(move % parts), seats, now)
        assert city.held(now) <= seats


@given(weights, st.integers(0, 60), st.integers(0, 10**9))
def test_where_partners_enough_are_in_the_zone_every_seat_is_taken(partners, seats, at):
    city, seats = Parts(len(partners)), min(seats, sum(partners))
    city.figures(float(at), partners)
    asked = [city.ask(city.partner(part), seats, START) for part, count in enumerate(partners) for _ in range(count)]
    assert sum(asked) == seats


@given(st.integers(2, 8), st.integers(1, 3), st.integers(2, 12))
def test_nobody_goes_before_one_who_had_none_for_longer(partners, seats, rounds):
    city, last = Parts(1), dict.fromkeys(range(partners), -inf)
    city.figures(START, [partners])
    crowd = [city.partner(0, f"p{n}") for n in range(partners)]
    for turn in range(rounds):
        now = START + turn * HELD
        served = [n for n, s in enumerate(crowd) if city.ask(s, seats, now)]
        assert len(served) == min(seats, partners)
        assert not turn or max(last[n] for n in served) <= min((last[n] for n in last if n not in served), default=inf)
        last |= dict.fromkeys(served, now)


def test_who_does_not_come_any_more_is_waited_for_a_day():
    city = Parts(1)
    city.figures(START, [2])
    a, b = city.partner(0, "a"), city.partner(0, "b")
    assert [city.ask(a, 1, START), city.ask(b, 1, START)] == [True, False]
    assert not city.ask(a, 1, START + 43_200)
    assert city.ask(a, 1, START + 86_400)


def test_where_nobody_knows_the_zone_there_is_no_seat():
    city = Parts(1)
    s = city.partner(0)
    s.zone_at = -inf
    assert not city.ask(s, 5, START)
