"""What concerns all partners: events without a partner. Their topics have as many partitions as those of the families, and each record lies in every
partition, so that every partition meets it in its own order of event time."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from events.base import Identifier, Label, Moment
from events.families import Family


class Announcement(BaseModel):
    """A fact about all partners. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False, ser_json_inf_nan="null")

    event_id: Identifier = Field(description="unique; the same in every partition; also the record's key")
    occurred_at: Moment = Field(description="from when it holds: seconds since the epoch, in event time; a partition takes it up when it has come so far")

    #: The value of `type`, set by each.
    name: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.name = cls.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]


class RulesChanged(Announcement):
    """Another rule set takes the place of the one that runs."""

    type: Literal["rules_changed"]
    version: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="hash of the whole rule set, as decisions carry it")
    files: dict[str, str] = Field(description="the texts of the rule files, by their names")
    paused: list[str] = Field([], description="nudge rules that are turned off, whatever the files say")
    verb: Literal["push", "rollback", "pause", "resume"] = Field("push", description="what was asked for")
    author: Label = Field("", description="who asked for it")
    note: Label = Field("", description="why")
    judged_by: Label = Field("", description="the version of nudgeline by which it was checked and its tests ran; workers of another version do it again")


#: By name; told apart from the families of events, which are keyed by partner.
BROADCASTS: dict[str, Family] = {f.name: f for f in (Family("rules", "rules", (RulesChanged,), compacted=True),)}
