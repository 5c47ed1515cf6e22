"""The event families: one topic each, keyed by partner, all with the same number of partitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from events import app, earnings, feedback, gps, orders, profile, ratings, session, training


@dataclass(frozen=True)
class Family:
    """A family of events: its topic (before settings rename or prefix it) and the models that it may carry."""

    name: str
    topic: str
    models: tuple[type[Any], ...]
    compacted: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """Names of its event types."""
        return tuple(m.name for m in self.models)


FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        Family("gps", "partner.gps", (gps.Position,)),
        Family("session", "partner.session", (session.LoggedIn, session.LoggedOut)),
        Family(
            "orders",
            "partner.orders",
            (
                orders.OrderOffered, orders.OrderAccepted, orders.OrderRejected, orders.OfferExpired, orders.ArrivedAtRestaurant,
                orders.OrderPickedUp, orders.ArrivedAtCustomer, orders.OrderDelivered, orders.OrderCancelled,
            ),
        ),
        Family("ratings", "partner.ratings", (ratings.RatingReceived,)),
        Family("earnings", "partner.earnings", (earnings.EarningPosted,)),
        Family("training", "partner.training", (training.ModuleStarted, training.ModuleCompleted, training.ModuleDismissed)),
        Family("app", "partner.app", (app.FeatureUsed,)),
        Family("profile", "partner.profile", (profile.ProfileUpdated,), compacted=True),
        Family(
            "feedback",
            "nudge.feedback",
            (feedback.NudgeShown, feedback.NudgeOpened, feedback.NudgeDismissed, feedback.NudgeActed, feedback.OptedOut),
        ),
    )
}  # fmt: skip
