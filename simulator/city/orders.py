"""An order's life: planned in full before it is offered, so that the city knows how long it takes; then lived through, or declined."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from math import inf

from simulator.city.ground import Spot, around, metres, zone_name, zone_of
from simulator.city.pains import WAITED, PainPoint
from simulator.city.partner import Event, Events, Fields, Partner
from simulator.city.rides import Ride
from simulator.city.town import Restaurant

OFFER_STANDS = 30.0  # s until an offer expires
LONGEST_WAIT = 13 * 60.0  # s at a restaurant for those who are not stuck; the rule speaks of 15 min
FARTHEST = 3500.0  # m from the restaurant to the customer
PROMISE = 40 * 60.0  # s from the offer, before distance
CANCELLED, RATED, TIPPED, ADJUSTED, LOW_STARS = 0.03, 0.6, 0.12, 0.01, 0.08
CANCELLERS, CANCELLER_WEIGHTS = ("customer", "restaurant", "system", "partner"), (5, 3, 1, 2)
REASONS, REASON_WEIGHTS = ("far", "low_pay", "busy", "unknown_area", "break"), (35, 30, 15, 12, 8)
BAD_TAGS, GOOD_TAGS = ("late", "cold_food", "rude", "spilled", "wrong_item"), ("polite", "on_time", "careful", "friendly")
MILESTONE = 8  # deliveries of a shift after which an incentive is posted


@dataclass(frozen=True, slots=True)
class Order:
    """What is going to happen with an order. Times in seconds; `pay` in INR; `cancelled` is (by whom, how long after the acceptance)."""

    order_id: str
    restaurant: Restaurant
    thinking: float
    to_restaurant: Ride
    waiting: float
    to_customer: Ride
    handover: float
    cancelled: tuple[str, float] | None = None
    stars: int | None = None

    @property
    def distance_km(self) -> float:
        """The whole way, to the customer by way of the restaurant."""
        return round((self.to_restaurant.metres + self.to_customer.metres) / 1000, 2)

    @property
    def pay(self) -> float:
        return round(20 + 6.5 * self.distance_km, 1)

    @property
    def duration(self) -> float:
        """From the offer to the delivery, with some seconds for the app in between."""
        return self.thinking + self.to_restaurant.duration + self.waiting + self.to_customer.duration + self.handover + 15


def plan(partner: Partner, start: Spot | None = None, *, near: bool = False) -> Order:
    """The next order that comes by for someone at `start` (by default where the partner is); `near`: a short one."""
    rng, here = partner.rng, start or partner.spot
    choice = partner.town.restaurants[zone_of(here).name]
    restaurant = min(choice, key=lambda one: metres(one.spot, here)) if near else rng.choice(choice)
    customer = around(rng, restaurant.spot, 1000.0 if near else FARTHEST, 500.0)
    waiting = min(60.0 * restaurant.minutes * rng.lognormvariate(0.0, 0.5), LONGEST_WAIT * (0.9 + 0.1 * rng.random()))
    return Order(
        order_id=partner.order_id(),
        restaurant=restaurant,
        thinking=rng.uniform(3, 25),
        to_restaurant=Ride(rng, here, restaurant.spot, partner.persona.speed),
        waiting=waiting / 2 if near else waiting,
        to_customer=Ride(rng, restaurant.spot, customer, partner.persona.speed),
        handover=rng.uniform(30, 150),
    )


def may_be_cancelled(partner: Partner, order: Order) -> Order:
    """The same order, or one that somebody cancels before it is picked up."""
    rng = partner.rng
    if rng.random() >= CANCELLED:
        return order
    by = rng.choices(CANCELLERS, CANCELLER_WEIGHTS)[0]
    if by == "partner" and not partner.guard.may_cancel(partner.now):
        by = "customer"
    return replace(order, cancelled=(by, rng.uniform(30, order.to_restaurant.duration + 0.9 * order.waiting)))


def offer(partner: Partner, order: Order) -> Event:
    """The order appears on the partner's screen."""
    return partner.emit(
        "order_offered",
        order_id=order.order_id,
        restaurant=order.restaurant.number,
        restaurant_name=order.restaurant.name,
        distance_km=order.distance_km,
        pay=order.pay,
        currency="INR",
        promised_at=_promised(partner.now, order),
        zone=zone_name(*order.restaurant.spot),
    )


def decline(partner: Partner, order: Order, *, reject: bool | None = None) -> Generator[Event, None, str]:
    """Offered, and rejected or left to expire (`reject` None: as it comes). Returns the id of the event that decided it."""
    rng = partner.rng
    yield offer(partner, order)
    if reject is None:
        organic = partner.kind is not PainPoint.reject_near_hotspot and partner.guard.may_reject(partner.now, partner.spot)
        reject = organic and rng.random() < 0.7
    yield from partner.wait(partner.now + (rng.uniform(2, 20) if reject else OFFER_STANDS))
    partner.guard.decide(partner.now, accepted=False)
    if reject:
        partner.guard.reject(partner.now, partner.spot)
        reason = rng.choices(REASONS, REASON_WEIGHTS)[0]
        event = partner.emit("order_rejected", order_id=order.order_id, reason=reason, distance_km=order.distance_km, pay=order.pay)
    else:
        event = partner.emit("offer_expired", order_id=order.order_id)
    decided = partner.last_id
    yield event
    return decided


def accept(partner: Partner, order: Order) -> Generator[Event, None, str]:
    """Offered and accepted. Returns the id of the acceptance."""
    promised = _promised(partner.now, order)
    yield offer(partner, order)
    yield from partner.wait(partner.now + order.thinking)
    partner.guard.decide(partner.now, accepted=True)
    event = partner.emit("order_accepted", **_where(order), distance_km=order.distance_km, pay=order.pay, promised_at=promised)
    decided = partner.last_id
    yield event
    return decided


def deliver(partner: Partner, order: Order) -> Events:
    """Offered, accepted, and lived through to the delivery, or to the cancellation that is planned."""
    promised = _promised(partner.now, order)
    yield from accept(partner, order)
    accepted = partner.now
    by, after = order.cancelled or ("", inf)
    if not partner.used_planner or partner.rng.random() < 0.15:
        yield partner.feature("route_planner")
    yield from fetch(partner, order, accepted + after)
    if order.cancelled:
        yield cancel(partner, order, by)
        return
    yield partner.emit("order_picked_up", **_where(order))
    yield from partner.ride(order.to_customer)
    yield partner.emit("arrived_at_customer", order_id=order.order_id)
    yield from partner.wait(partner.now + order.handover)
    minutes = round((partner.now - accepted) / 60, 1)
    yield partner.emit(
        "order_delivered", order_id=order.order_id, pay=order.pay, distance_km=order.distance_km, minutes=minutes, promised_at=promised
    )
    yield from settle(partner, order)


def fetch(partner: Partner, order: Order, until: float) -> Events:
    """Ride to the restaurant and wait there for the food, at most until a time. Whoever waits long enough is stuck: that is the truth."""
    yield from partner.ride(order.to_restaurant, until)
    if partner.now >= until:
        return
    event = partner.emit("arrived_at_restaurant", **_where(order))
    if order.waiting > WAITED:
        at = partner.now
        partner.tell(PainPoint.stuck_at_restaurant, at, at + WAITED, [partner.last_id], order.order_id)
    yield event
    yield from partner.wait(min(partner.now + order.waiting, until))


def cancel(partner: Partner, order: Order, by: str) -> Event:
    if by == "partner":
        partner.guard.cancel(partner.now)
    return partner.emit("order_cancelled", order_id=order.order_id, by=by, reason="too_long" if by == "partner" else None)


def settle(partner: Partner, order: Order) -> Events:
    """After the delivery: pay at once, and perhaps an incentive; later, perhaps, a tip and a rating."""
    rng = partner.rng
    partner.delivered += 1
    partner.now += rng.uniform(0.5, 3)
    yield _earning(partner, order.pay, "order", order.order_id)
    if partner.delivered % MILESTONE == 0:
        yield _earning(partner, 60.0, "incentive")
    if rng.random() < ADJUSTED or order.waiting > WAITED:
        yield _earning(partner, 15.0, "adjustment", order.order_id)
    if rng.random() < TIPPED:
        tip: Fields = {"amount": float(rng.choice((10, 20, 30, 50))), "currency": "INR", "kind": "tip", "order_id": order.order_id}
        partner.later(rng.uniform(120, 1500), "earning_posted", lambda: tip)
    if order.stars is None and rng.random() < RATED:
        partner.later(rng.uniform(90, 1500), "rating_received", lambda: rating(partner, order.order_id))


def rating(partner: Partner, order_id: str, stars: int | None = None) -> Fields:
    """The fields of a rating, with stars as given or as they come: skilled partners get better ones, nobody two bad ones in a row."""
    rng, guard = partner.rng, partner.guard
    if stars is None:
        low = rng.random() < LOW_STARS * (1.5 - partner.persona.skill)
        may = guard.may_rate_low() and partner.kind is not PainPoint.two_low_ratings
        stars = rng.randint(1, 2) if low and may else rng.choices((3, 4, 5), (10, 35, 55))[0]
    guard.rate(stars)
    tags = rng.sample(BAD_TAGS if stars <= 2 else GOOD_TAGS, rng.randint(0, 2))
    return {"order_id": order_id, "stars": stars, "tags": tags or None}


def _earning(partner: Partner, amount: float, kind: str, order_id: str | None = None) -> Event:
    return partner.emit("earning_posted", amount=amount, currency="INR", kind=kind, order_id=order_id)


def _promised(at: float, order: Order) -> float:
    return round(at + PROMISE + 60 * order.distance_km)


def _where(order: Order) -> Fields:
    return {"order_id": order.order_id, "restaurant": order.restaurant.number, "restaurant_name": order.restaurant.name}
