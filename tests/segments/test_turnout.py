"""What is counted as events come equals what a look at all of them would count."""

from hypothesis import given
from hypothesis import strategies as st

from segments.facts import FIX_FRESH
from segments.state import PartnerState
from segments.turnout import MOST_ZONES, SPAN, Turnout

ZONES = ("north", "south")
moves = st.tuples(st.integers(0, 600), st.sampled_from("abc"), st.sampled_from(("in", "out", "fix", "fix", "offer")), st.sampled_from(ZONES))


def partner(who, zone="north", at=0.0, online=True):
    s = PartnerState(who)
    s.online, s.zone, s.zone_at = online, zone, at
    return s


class City:
    """Partners whose events are counted, as the handlers of a rule set count them."""

    def __init__(self):
        self.turnout, self.partners, self.offers = Turnout(), {}, []

    def event(self, t, who, kind, zone):
        s = self.partners.setdefault(who, PartnerState(who))
        if kind == "offer":
            self.offers.append((t, zone))
            self.turnout.offered(zone, t)
        elif kind == "fix":
            moved = s.zone != zone or t - s.zone_at > FIX_FRESH
            s.zone, s.zone_at = zone, t
            if moved:
                self.turnout.here(s)
        else:
            s.online = kind == "in"
            self.turnout.here(s)

    def exact(self, at):
        online = [s.zone for s in self.partners.values() if s.online and s.zone is not None and at - s.zone_at <= FIX_FRESH]
        offers = [zone for t, zone in self.offers if t + SPAN > at]
        return {zone: (offers.count(zone), online.count(zone)) for zone in {*online, *offers}}


@given(st.lists(moves, max_size=60))
def test_counts_equal_those_of_a_look_at_everything(steps):
    city, t, counted = City(), 0.0, 0.0
    for gap, who, kind, zone in steps:
        t += gap
        while counted + 5 <= t:
            counted += 5
            if counted % 300 == 0 or t - counted < 10:
                assert city.turnout.counts(counted, city.partners.get) == city.exact(counted)
        city.event(t, who, kind, zone)


def test_an_offer_counts_for_a_quarter_of_an_hour():
    turnout = Turnout()
    turnout.offered("north", 1002.0)
    assert turnout.counts(1900.0, lambda _: None) == {"north": (1, 0)}
    assert turnout.counts(1905.0, lambda _: None) == {}


def test_what_is_counted_begins_again_after_a_restart_where_it_was():
    city = City()
    for step in ((0, "a", "in", ""), (1, "a", "fix", "north"), (2, "a", "offer", "north"), (3, "b", "fix", "south")):
        city.event(*step)
    again = Turnout()
    again.restore(city.turnout.kept())
    for s in city.partners.values():
        if s.online:
            again.remember(s.partner_id, s.zone, s.zone_at)
    assert again.counts(10.0, city.partners.get) == city.turnout.counts(10.0, city.partners.get) == {"north": (1, 1)}


def test_zones_that_a_broken_app_invents_are_counted_up_to_a_limit():
    turnout = Turnout()
    for number in range(MOST_ZONES + 5):
        turnout.offered(f"z{number}", 10.0)
    assert (len(turnout.counts(10.0, lambda _: None)), turnout.dropped) == (MOST_ZONES, 5)


def test_who_logs_out_is_nowhere():
    turnout, s = Turnout(), partner("a")
    turnout.here(s)
    s.online = False
    turnout.here(s)
    assert (turnout.counts(1.0, {"a": s}.get), turnout.online) == ({}, {})


def test_offers_that_nobody_asks_for_do_not_pile_up():
    turnout = Turnout()
    for n in range(10_000):
        turnout.offered("north", n * 60.0)
    assert len(turnout.kept()["north"]) <= 2 * SPAN / 5
