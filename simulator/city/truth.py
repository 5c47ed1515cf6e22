"""The truth about a city: which nudges have to come, and to whom none may; as a file that a test can read."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from simulator.city.pains import PainPoint
from simulator.errors import SourceError


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the truth file: the nudge of `rule` that has to come at `at`, once; or a partner to whom none may come.

    `began` and `at` in seconds since the epoch; `cause` are the ids of the events that make the rule match (for `new_struggling` the
    offers decided when it became true); `order_id` only where the rule is about one. All but `partner_id` are null for a clean partner.
    """

    partner_id: str
    pain_point: PainPoint | None = None
    rule: str | None = None
    began: float | None = None
    at: float | None = None
    cause: tuple[str, ...] | None = None
    order_id: str | None = None


def write_truth(path: Path, truths: Iterable[Truth], clean: Iterable[str]) -> None:
    """One JSON object a line: the nudges that have to come, then the partners to whom none may. Raises OSError."""
    lines = [msgspec.json.encode(truth) for truth in (*truths, *(Truth(partner_id=partner_id) for partner_id in clean))]
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def read_truth(path: Path) -> tuple[list[Truth], list[str]]:
    """What `write_truth` wrote: the nudges that have to come, and the clean partners. Raises SourceError."""
    try:
        told = [msgspec.json.decode(line, type=Truth) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise SourceError(f"{path} is no truth file of a city: {error}") from error
    return [truth for truth in told if truth.rule], [truth.partner_id for truth in told if not truth.rule]
