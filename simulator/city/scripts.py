"""How each pain point comes about. A script is planned first, so that one that would not be over in time does not begin.

Each leaves the partner idle, off any order and standing still, when the nudge is due: nudges are not sent to those who ride
(except the one about the restaurant, which is about the order at hand).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from simulator.city.ground import HOTSPOTS, around, metres, to_hotspot
from simulator.city.orders import Order, accept, cancel, decline, deliver, plan, rating
from simulator.city.pains import HELD, PainPoint
from simulator.city.partner import Events, Partner
from simulator.city.rides import Ride

SETTLED = 70.0  # s; longer than the minute for which a fast fix counts as riding
CLOSE_BY = 700.0  # m from the hotspot; the rule says 1 km
LOW_ACCEPTANCE, SAMPLES = 0.6, 5
OFFER_PAUSE = (20.0, 70.0)  # s between an offer decided and the next


class Script(NamedTuple):
    """What is going to happen, and how many seconds it takes at the most."""

    duration: float
    events: Events


def struggle(partner: Partner) -> Script:
    """A new partner declines one offer after the other, and then gets none for a while."""
    tries_one, declined = partner.rng.random() < 0.4, partner.rng.randint(5, 7)
    longest = (OFFER_PAUSE[1] + 30) * (declined + 1) + 180 * tries_one + HELD + SETTLED
    return Script(longest, _struggle(partner, declined, tries_one=tries_one))


def _struggle(partner: Partner, declined: int, *, tries_one: bool) -> Events:
    rng = partner.rng
    decided, began, low_since = list[str](), 0.0, 0.0
    if tries_one:
        yield from partner.wait(partner.now + rng.uniform(*OFFER_PAUSE))
        order = plan(partner, near=True)
        decided.append((yield from accept(partner, order)))
        began = partner.now
        yield from partner.wait(partner.now + rng.uniform(60, 120))
        yield cancel(partner, order, "restaurant")
    for _ in range(declined):
        yield from partner.wait(partner.now + rng.uniform(*OFFER_PAUSE))
        event_id = yield from decline(partner, plan(partner))
        began = began or partner.now
        if not low_since:
            decided.append(event_id)
            if len(decided) >= SAMPLES and tries_one / len(decided) < LOW_ACCEPTANCE:
                low_since = partner.now
                partner.tell(PainPoint.new_struggling, began, low_since + HELD, decided)
    yield from partner.wait(max(low_since + HELD, partner.now) + SETTLED)


def reject_thrice(partner: Partner) -> Script:
    """Close to a hotspot, a partner rejects three offers within some minutes."""
    rng = partner.rng
    hotspot = min(HOTSPOTS, key=lambda place: metres(place, partner.spot))
    ride = Ride(rng, partner.spot, around(rng, hotspot, CLOSE_BY), partner.persona.speed) if to_hotspot(partner.spot) > CLOSE_BY else None
    return Script((ride.duration if ride else 0.0) + SETTLED + 3 * (200 + 20) + 30, _reject_thrice(partner, ride))


def _reject_thrice(partner: Partner, ride: Ride | None) -> Events:
    if ride:
        yield from partner.ride(ride)
    yield from partner.wait(partner.now + SETTLED)
    rejected, began = list[str](), 0.0
    for _ in range(3):
        yield from partner.wait(partner.now + partner.rng.uniform(40, 200))
        rejected.append((yield from decline(partner, plan(partner), reject=True)))
        began = began or partner.now
    partner.tell(PainPoint.reject_near_hotspot, began, partner.now, rejected)
    yield from partner.wait(partner.now + 30)


def get_stuck(partner: Partner) -> Script:
    """The food of one order takes 17 to 30 minutes after the partner arrived."""
    order = replace(plan(partner, near=True), waiting=partner.rng.uniform(17, 30) * 60)
    return Script(order.duration + 30, deliver(partner, order))


def be_rated_low_twice(partner: Partner) -> Script:
    """Two orders in a row are rated with one or two stars; the second rating comes while the partner is idle."""
    rng = partner.rng
    first = replace(plan(partner, near=True), stars=rng.randint(1, 2))
    second = replace(plan(partner, first.to_customer.goal, near=True), stars=rng.randint(1, 2))
    delays = rng.uniform(90, 180), rng.uniform(90, 180)
    return Script(first.duration + second.duration + sum(delays) + 120, _low_twice(partner, (first, second), delays))


def _low_twice(partner: Partner, orders: tuple[Order, Order], delays: tuple[float, float]) -> Events:
    partner.forget_later("rating_received")  # a customer of an earlier order must not rate in between
    times, ids = list[float](), list[str]()

    def rated(at: float) -> None:
        times.append(at)
        ids.append(partner.last_id)
        if len(ids) == 2:
            partner.tell(PainPoint.two_low_ratings, times[0], at, ids)

    for order, delay in zip(orders, delays, strict=True):
        yield from partner.wait(partner.now + 10)
        yield from deliver(partner, order)
        due = partner.later(delay, "rating_received", partial(rating, partner, order.order_id, order.stars), rated)
        yield from partner.wait(due + 40)


SCRIPTS: Mapping[PainPoint, Callable[[Partner], Script]] = {
    PainPoint.new_struggling: struggle,
    PainPoint.reject_near_hotspot: reject_thrice,
    PainPoint.stuck_at_restaurant: get_stuck,
    PainPoint.two_low_ratings: be_rated_low_twice,
}
