"""The training catalogue in use."""

from typing import Annotated, Literal

from pydantic import Field

from events.base import Event, Word


class ModuleStarted(Event):
    """The partner opened a training module."""

    type: Literal["module_started"]
    module: Word = Field(description="id in the training catalogue")


class ModuleCompleted(Event):
    """The partner came to its end."""

    type: Literal["module_completed"]
    module: Word = Field(description="id in the training catalogue")
    score: Annotated[float, Field(ge=0, le=100)] | None = Field(None, description="% right in its quiz")


class ModuleDismissed(Event):
    """The partner put it aside."""

    type: Literal["module_dismissed"]
    module: Word = Field(description="id in the training catalogue")
