"""A kind of fault: a function that does something to a scene while events flow, with what the report says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.scene import Scene
from tests.faults.twists import Twist

KINDS: dict[str, Kind] = {}


@dataclass(frozen=True)
class Kind:
    """`does` starts the workers and disturbs them; it returns when nothing more will come. `stream`: which stream it runs on.

    `alone`: it needs the broker to itself. `always`: twists of every worker. `settings`: beside those of every run.
    """

    name: str
    tells: str
    does: Callable[[Scene], None]
    stream: str = "plain"
    alone: bool = False
    always: tuple[Twist, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def kind(name: str, tells: str, **more: Any) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Register a function as a kind of fault."""

    def register(does: Callable[[Scene], None]) -> Callable[[Scene], None]:
        KINDS[name] = Kind(name, tells, does, **more)
        return does

    return register
