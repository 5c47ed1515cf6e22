"""The answer that every engine can give: rules in the plainest Python, and silence noticed at the partner's next event, since not every engine has timers.

In the terms of `rules.yaml`; different from it, a segment is looked at only when an order's or a session's event comes, and a position is known for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benches.yard.partner import Partner
from benches.yard.stream import Keyed


class Told(NamedTuple):
    """Who, what (`enter`, `exit`, a rule; Y4 with its order), and the id of the event that showed it."""

    partner_id: str
    what: str
    event_id: str


def _said(partner: Partner, event: dict[str, Any]) -> Iterator[str]:
    kind, now = event["type"], event["occurred_at"]
    for order in [order for order, due in partner.waits.items() if due <= now]:
        del partner.waits[order]
        yield f"Y4:{order}"
    partner.note(event)
    yield from partner.nudges(event, known=True)
    if kind == "order_delivered":
        yield from partner.unaware()
    if kind.startswith(("order_", "logged_")) and (moved := partner.moved(now)):
        yield moved


def answer(stream: Iterable[Keyed]) -> Iterator[Told]:
    """What has to come of a stream, in its order."""
    book: dict[str, Partner] = defaultdict(Partner)
    for who, event in stream:
        for what in _said(book[who], event):
            yield Told(who, what, event["event_id"])
