"""What several importers conclude from their recordings: log-in and log-out from gaps, and a profile for each partner."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from simulator.importers.frames import Frame

SESSION_GAP = 2 * 3600.0
LEAD = 60.0  # how long before the first and after the last trace of work; apart, so that no clock tie can swap them


def traces(frames: Sequence[Frame]) -> pd.DataFrame:
    """When each partner was seen at work: columns partner_id, at, event_id, file, line; sorted by partner and time."""
    parts = [
        pd.DataFrame(
            {"partner_id": frame.partner_id, "at": frame.occurred_at, "event_id": frame.event_id, "file": frame.file, "line": frame.lines}
        )
        for frame in frames
        if len(frame.occurred_at)
    ]
    if not parts:
        return pd.DataFrame({"partner_id": [], "at": np.empty(0), "event_id": [], "file": [], "line": []})
    return pd.concat(parts, ignore_index=True).sort_values(["partner_id", "at", "event_id"], kind="stable", ignore_index=True)


def sessions(name: str, frames: Sequence[Frame], fields: Mapping[str, object], gap: float = SESSION_GAP) -> list[Frame]:
    """`logged_in` a minute before, `logged_out` a minute after each stretch of work without a gap of over `gap` seconds.

    `fields` (the vehicle, say) go into each log-in. The events bear the id of the event that begins or ends the stretch.
    """
    seen = traces(frames)
    if seen.empty:
        return []
    first = (seen["partner_id"] != seen["partner_id"].shift()) | (seen["at"].diff() > gap)
    last = first.shift(-1, fill_value=True)
    return [
        _edge(name, "logged_in", seen[first], -LEAD, gap, fields),
        _edge(name, "logged_out", seen[last], LEAD, gap, {}),
    ]


def _edge(name: str, event_type: str, seen: pd.DataFrame, offset: float, gap: float, fields: Mapping[str, object]) -> Frame:
    return Frame(
        type=event_type,
        file=str(seen["file"].iloc[0]),
        lines=seen["line"].tolist(),
        occurred_at=seen["at"].to_numpy() + offset,
        partner_id=seen["partner_id"].tolist(),
        event_id=[f"{event_id}-{event_type}" for event_id in seen["event_id"]],
        source=f"{name}; session derived",
        fields={key: [value] * len(seen) for key, value in fields.items()},
        derived=(f"{event_type} from gaps of over {gap / 3600:g} h between a partner's events",),
    )


def profiles(name: str, frames: Sequence[Frame], time_zone: str, **fields: object) -> Frame:
    """One `profile_updated` a partner seen in `frames`, at the local midnight that begins the recording's first day."""
    seen = traces(frames).drop_duplicates("partner_id")
    return Frame(
        type="profile_updated",
        file=str(seen["file"].iloc[0]) if len(seen) else "",
        lines=seen["line"].tolist(),
        occurred_at=np.full(len(seen), first_midnight(frames, time_zone)),
        partner_id=seen["partner_id"].tolist(),
        event_id=[f"{name}-{partner}-profile" for partner in seen["partner_id"]],
        source=f"{name}; profile derived",
        fields={"time_zone": [time_zone] * len(seen), **{key: [value] * len(seen) for key, value in fields.items()}},
        derived=("profile of where the recording was made",),
    )


def first_midnight(frames: Sequence[Frame], time_zone: str) -> float:
    """The local midnight at or before the earliest event (less the lead of a log-in), seconds since the epoch; 0 without events."""
    starts = [float(frame.occurred_at.min()) for frame in frames if len(frame.occurred_at)]
    if not starts:
        return 0.0
    return pd.Timestamp(min(starts) - LEAD, unit="s", tz="UTC").tz_convert(time_zone).normalize().timestamp()


def epoch(local: pd.Series, time_zone: str) -> pd.Series:
    """Local date-times as seconds since the epoch (float); those that a clock change skips or doubles become NaN."""
    moments = local.dt.tz_localize(time_zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    return (moments.dt.tz_localize(None) - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
