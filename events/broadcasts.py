"""What concerns all partners: events without a partner. Their topics have as many partitions as those of the families, and each record lies in every
partition, so that every partition meets it in its own order of event time."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from events.base import Identifier, Label, Moment, Word
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
    guard: dict[str, Any] | None = Field(None, description="where a guard rail paused a rule: rule, guard (max_share or opt_outs), seen and allowed (shares), partners, of (how many), per_s (seconds), at")


class ZoneFigures(Announcement):
    """How busy a zone is, as all workers together found it."""

    type: Literal["zone_figures"]
    at: Moment = Field(description="the stream time of which they are")
    zone: Word = Field(description="the company's zone")
    offers: Annotated[int, Field(ge=0)] = Field(description="in the last 15 minutes")
    online: Annotated[int, Field(ge=0)] = Field(description="partners who are logged in there")
    usual: float | None = Field(None, description="offers for each online partner that the zone has at this hour of the week; null while too few weeks are known")
    level: Literal["low", "normal", "high"] | None = Field(None, description="what rules read as `zone_demand`; null while the usual is not known")
    gap: Annotated[int, Field(ge=0)] | None = Field(None, description="partners that the zone lacks to be as usual, as rules read it as `zone_gap`")
    shares: list[Annotated[int, Field(ge=0)]] = Field([], description="for each partition how many partners the zone's demand concerns: by this its seats are shared out")
    shares_at: float = Field(0.0, description="the stream time of which the shares are")


class CohortFigures(Announcement):
    """How a metric stands in a cohort of online partners, as all workers together found it."""

    type: Literal["cohort_figures"]
    at: Moment = Field(description="the stream time of which they are")
    cohort: Annotated[str, Field(min_length=1, max_length=1000)] = Field(description="as rules spell it: cohort_pct(METRIC(WINDOW) by FIELD)")
    value: Label = Field(description="what the partners of the cohort have in common")
    partners: Annotated[int, Field(ge=0)] = Field(description="how many they are")
    quantiles: list[float] = Field(description="of the metric, from the least to the greatest, in equal steps of rank")


#: By name; told apart from the families of events, which are keyed by partner.
BROADCASTS: dict[str, Family] = {f.name: f for f in (Family("rules", "rules", (RulesChanged,), compacted=True), Family("crowd", "crowd.figures", (ZoneFigures, CohortFigures)))}
