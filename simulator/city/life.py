"""A partner's days in the city: profile, shifts, offers, orders, breaks; and, on its day, the pain point."""

from itertools import count
from math import inf

from simulator.city import demand
from simulator.city.ground import zone_of
from simulator.city.orders import decline, deliver, may_be_cancelled, plan
from simulator.city.partner import Event, Events, Partner
from simulator.city.scripts import SCRIPTS
from simulator.city.shifts import Calendar, Shift, habitual

SHORTEST_SHIFT = 10 * 60.0  # s; what is left of a shift when the town begins, or before it ends
LATEST_AFTER_PLAN = 10 * 60.0  # s; how late an order may make what is planned
BREAKS, BREAK = 0.04, (15 * 60.0, 40 * 60.0)  # after how many of the orders; seconds
GOING_HOME = (45.0, 90.0)  # s before the town's end at which the last log out
LAST_DELIVERY = 100.0  # s before the town's end


def life(partner: Partner, calendar: Calendar) -> Events:
    """All that happens to a partner from the town's start to its end, in the order of time."""
    town, rng = partner.town, partner.rng
    partner.now = town.start + 3 * rng.random()
    yield profile(partner)
    for day in count(town.clock.day(town.start) - 1):
        midnight = town.clock.midnight(day)
        if midnight >= town.end:
            return
        arranged = calendar.arranged(rng, day)
        for shift in [arranged] if arranged else habitual(rng, partner.persona.habit, midnight):
            begin = max(shift.begin, partner.now + rng.uniform(5, 240))
            end = min(shift.end, town.end - rng.uniform(*GOING_HOME))
            if end - begin >= SHORTEST_SHIFT:
                partner.now = begin
                yield from work(partner, shift._replace(end=end), calendar, day)


def profile(partner: Partner) -> Event:
    person = partner.persona
    return partner.emit(
        "profile_updated",
        joined_on=person.joined_on.isoformat(),
        city="Bengaluru",
        zone=person.home_zone.name,
        language=person.language,
        vehicle=person.vehicle,
        time_zone=partner.town.time_zone,
        consent=True,
        first_name=person.first_name,
    )


def work(partner: Partner, shift: Shift, calendar: Calendar, day: int) -> Events:
    """One shift, from home to the log-out; the last order is finished first."""
    partner.spot, partner.battery, partner.delivered = partner.persona.home, partner.rng.randint(70, 100), 0
    yield from log_in(partner)
    pain_at = shift.pain_at
    while partner.now < shift.end:
        if partner.now >= pain_at:
            yield from suffer(partner, shift, calendar, day)
            pain_at = inf
        following = partner.now + demand.gap(partner.rng, zone_of(partner.spot), partner.local)
        stop = min(following, shift.end, pain_at)
        yield from partner.wait(stop)
        if stop == following:
            yield from take_offer(partner, min(partner.town.end - LAST_DELIVERY, pain_at + LATEST_AFTER_PLAN))
            if shift.pain is None and partner.rng.random() < BREAKS:
                yield from take_break(partner, shift.end)
    yield log_out(partner)


def suffer(partner: Partner, shift: Shift, calendar: Calendar, day: int) -> Events:
    """The pain point of this shift, if there is time enough for all of it."""
    assert shift.pain is not None
    script = SCRIPTS[shift.pain](partner)
    if partner.now + script.duration <= min(calendar.last_moment(shift.pain, day), shift.end):
        yield from script.events
        calendar.happened(day)


def take_offer(partner: Partner, horizon: float) -> Events:
    """An offer comes by; it is taken, or not. One that would not be delivered by the `horizon` is not taken."""
    order = plan(partner)
    may_decline = partner.guard.may_decline(partner.now)
    if partner.now + order.duration <= horizon:
        wants = partner.rng.random() < partner.persona.willingness
        if wants or not may_decline:
            yield from deliver(partner, may_be_cancelled(partner, order))
            return
    if may_decline:
        yield from decline(partner, order)


def take_break(partner: Partner, until: float) -> Events:
    """Log out, stay where one is, log in again; not shortly before the end of the shift."""
    pause = partner.rng.uniform(*BREAK)
    if partner.now + pause + SHORTEST_SHIFT < until:
        yield log_out(partner)
        partner.now += pause
        yield from log_in(partner)


def log_in(partner: Partner) -> Events:
    person = partner.persona
    lat, lon = (round(degree, 6) for degree in partner.spot)
    yield partner.emit("logged_in", vehicle=person.vehicle, zone=partner.zone, battery=partner.battery, lat=lat, lon=lon)
    partner.now += partner.rng.uniform(1, 3)
    yield partner.here()


def log_out(partner: Partner) -> Event:
    partner.battery = max(5, partner.battery - partner.rng.randint(10, 60))
    return partner.emit("logged_out", zone=partner.zone, battery=partner.battery)
