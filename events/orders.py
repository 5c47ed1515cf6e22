"""An order's way, from the offer to the customer's door."""

from typing import Annotated, Literal

from pydantic import Field

from events.base import Amount, Currency, Event, Identifier, Kilometres, Label, Moment, Word, usual


class OrderEvent(Event):
    """What all events of an order have."""

    order_id: Identifier = Field(description="the same in all events of one order")


class AtRestaurant(OrderEvent):
    """An order with its restaurant."""

    restaurant: Identifier | None = Field(None, description="id of the restaurant")
    restaurant_name: Label | None = Field(None, description="as the partner knows it")


class OrderOffered(AtRestaurant):
    """The partner is asked to take an order."""

    type: Literal["order_offered"]
    distance_km: Kilometres | None = Field(None, description="from here to the customer by way of the restaurant, km")
    pay: Amount | None = Field(None, description="for this order")
    currency: Currency | None = Field(None, description="of `pay`")
    promised_at: Moment | None = Field(None, description="when the customer expects it")
    zone: Word | None = Field(None, description="zone of the restaurant")


class OrderAccepted(AtRestaurant):
    """The partner took it."""

    type: Literal["order_accepted"]
    distance_km: Kilometres | None = Field(None, description="km")
    pay: Amount | None = Field(None, description="for this order")
    promised_at: Moment | None = Field(None, description="when the customer expects it")


class OrderRejected(OrderEvent):
    """The partner refused it."""

    type: Literal["order_rejected"]
    reason: Annotated[Word | None, usual("the partner's choice", "far", "low_pay", "busy", "unknown_area", "break", "too_large")] = None
    distance_km: Kilometres | None = Field(None, description="km")
    pay: Amount | None = Field(None, description="what was offered")


class OfferExpired(OrderEvent):
    """The partner did not answer in time."""

    type: Literal["offer_expired"]


class ArrivedAtRestaurant(AtRestaurant):
    """The partner waits for the food."""

    type: Literal["arrived_at_restaurant"]


class OrderPickedUp(AtRestaurant):
    """The partner has the food."""

    type: Literal["order_picked_up"]


class ArrivedAtCustomer(OrderEvent):
    """The partner is at the door."""

    type: Literal["arrived_at_customer"]


class OrderDelivered(OrderEvent):
    """The customer has it."""

    type: Literal["order_delivered"]
    pay: Amount | None = Field(None, description="earned with it")
    distance_km: Kilometres | None = Field(None, description="ridden, km")
    minutes: Annotated[float, Field(ge=0, le=100_000)] | None = Field(None, description="from acceptance to delivery, minutes")
    promised_at: Moment | None = Field(None, description="when the customer expected it")


class OrderCancelled(OrderEvent):
    """It was given up after acceptance."""

    type: Literal["order_cancelled"]
    by: Literal["partner", "customer", "restaurant", "system"] | None = Field(None, description="who gave it up")
    reason: Annotated[Word | None, usual("in the words of who gave it up", "too_long")] = None
