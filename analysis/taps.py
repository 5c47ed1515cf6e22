"""Reads a topic from one moment to another, for people: as records, as a frame of pandas, as Parquet. It joins no group and commits nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import inf, isfinite
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from analysis.errors import TapError
from events import FAMILIES
from events.outputs import OUTPUTS as MODELS
from events.outputs import Nudge, NudgeRecalled
from events.time import seconds
from streams.settings import OUTPUTS, Settings

#: Fields that are moments, in seconds since the epoch: a frame shows them as UTC time stamps.
MOMENTS = ("occurred_at", "decided_at", "expires_at", "at", "received_at", "promised_at")
ROW_GROUP = 50_000  # rows held in memory while Parquet is written
POLL_MS = 500


@dataclass(frozen=True, slots=True)
class Tapped:
    """One record: where it lay, when it was written (s since the epoch), and its fields; where it is no JSON object, `fields` is None and
    `text` says what it is (a tombstone is `null`)."""

    topic: str
    partition: int
    offset: int
    written_at: float
    key: str
    fields: dict[str, Any] | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: written from `since` up to, not including, `until` (s since the epoch), and only those whose fields have these values."""

    since: float = -inf
    until: float = inf
    fields: dict[str, str] = field(default_factory=dict)
    follow: bool = False

    def takes(self, record: Tapped) -> bool:
        return all(_spelled((record.fields or {}).get(name)) == value for name, value in self.fields.items())


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def full_name(settings: Settings, name: str) -> str:
    """The topic in Kafka for a name of the contract (`nudges`, `partner.orders`), a family (`orders`), or a full name of one of those. Raises TapError."""
    known = {n: settings.topic(n) for n in OUTPUTS} | {f.topic: settings.topic(f.topic) for f in FAMILIES.values()}
    families = {f.name: settings.topic(f.topic) for f in FAMILIES.values()}
    if name in known or name in families:
        return (known | families)[name]
    if name in known.values():
        return name
    raise TapError(f"no topic is called {name!r}; there are {', '.join(OUTPUTS)}, and the families {', '.join(FAMILIES)}")


def records(settings: Settings, topic: str, wanted: Wanted | None = None) -> Iterator[Tapped]:
    """Records of a topic (its full name), each partition in order. Ends at what lay there at the start, unless `wanted.follow`. Raises TapError."""
    wanted = wanted or Wanted()
    try:
        consumer = KafkaConsumer(**settings.kafka_client(), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100)
    except KafkaError as error:
        raise TapError(f"no Kafka answers at {settings.brokers}: {error}") from error
    try:
        yield from _read(consumer, topic, wanted)
    except KafkaError as error:
        raise TapError(f"{topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _read(consumer: KafkaConsumer, topic: str, wanted: Wanted) -> Iterator[Tapped]:
    tps = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
    if not tps:
        raise TapError(f"there is no topic {topic} at this Kafka; `nudgeline topics create` makes it")
    consumer.assign(tps)
    ends = consumer.end_offsets(tps)
    _begin(consumer, tps, ends, wanted.since)
    while wanted.follow or any(consumer.position(tp) < ends[tp] for tp in tps):
        for tp, polled in consumer.poll(timeout_ms=POLL_MS, max_records=5000).items():
            for raw in polled:
                if not wanted.follow and raw.offset >= ends[tp]:
                    break
                record = _tapped(raw)
                if record.written_at < wanted.until and wanted.takes(record):
                    yield record


def _begin(consumer: KafkaConsumer, tps: Sequence[TopicPartition], ends: dict[TopicPartition, int], since: float) -> None:
    if since == -inf:
        consumer.seek_to_beginning(*tps)
        return
    found = consumer.offsets_for_times({tp: int(since * 1000) for tp in tps}) if since != inf else {}
    for tp in tps:
        at = found.get(tp)
        consumer.seek(tp, ends[tp] if at is None else at.offset)


def _tapped(raw: Any) -> Tapped:
    text = "null" if raw.value is None else _text(raw.value)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    at = raw.timestamp / 1000 if raw.timestamp is not None and raw.timestamp >= 0 else 0.0
    whole = isinstance(fields, dict)
    return Tapped(raw.topic, raw.partition, raw.offset, at, _text(raw.key), fields if whole else None, "" if whole else text)


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("utf-8", "backslashreplace")


def frame(found: Iterable[Tapped], name: str) -> pd.DataFrame:
    """One row a record of the topic `name` (of the contract), with the columns of `schema(name)`.

    `DataFrame["evidence"].map(json.loads)` gives a mapping back. Records that are no JSON objects are left out.
    """
    return _table(found, schema(name)).to_pandas()


def write_parquet(found: Iterable[Tapped], name: str, path: Path, row_group: int = ROW_GROUP) -> int:
    """Write records as Parquet, a row group at a time so that memory stays small; gives the number of rows. The file has its name when it is complete."""
    partial, count, columns = path.with_name(path.name + ".partial"), 0, schema(name)
    try:
        with pq.ParquetWriter(partial, columns, compression="zstd") as writer:
            for rows in batched(found, row_group):
                table = _table(rows, columns)
                writer.write_table(table)
                count += table.num_rows
        partial.replace(path)
    except OSError as error:
        raise TapError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def batched(found: Iterable[Tapped], size: int) -> Iterator[list[Tapped]]:
    rest = iter(found)
    while rows := list(islice(rest, size)):
        yield rows


def schema(name: str) -> pa.Schema:
    """The columns of a topic of the contract: the fields of its models, then `kafka_partition`, `kafka_offset` and `written_at`.

    Moments are UTC time stamps, mappings and lists JSON text.
    """
    models = next((f.models for f in FAMILIES.values() if name in (f.name, f.topic)), None) or _OUTPUTS[name]
    columns: dict[str, pa.DataType] = {}
    for model in models:
        for field_name, info in model.model_fields.items():
            columns.setdefault(field_name, _STAMP if field_name in MOMENTS else _kind(info.annotation))
    return pa.schema([*columns.items(), ("kafka_partition", pa.int32()), ("kafka_offset", pa.int64()), ("written_at", _STAMP)])


def _kind(annotation: Any) -> pa.DataType:
    """The column type of a field; what may be of several kinds is text."""
    plain = [a for a in get_args(annotation) if a is not type(None)] if get_origin(annotation) in (Union, UnionType) else [annotation]
    if get_origin(plain[0]) is Annotated:
        return _kind(get_args(plain[0])[0])
    if len(plain) == 1 and plain[0] in _KINDS:
        return _KINDS[plain[0]]
    return pa.float64() if set(plain) <= {int, float} else pa.string()


def _table(found: Iterable[Tapped], columns: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([_row(record, columns) for record in found if record.fields is not None], schema=columns)


def _row(record: Tapped, columns: pa.Schema) -> dict[str, Any]:
    fields = record.fields or {}
    row = {c.name: _cell(fields.get(c.name), c.type) for c in columns}
    return row | {"kafka_partition": record.partition, "kafka_offset": record.offset, "written_at": _stamp(record.written_at)}


def _cell(value: Any, kind: pa.DataType) -> Any:
    """A value as its column wants it; one that does not fit (the contract refuses it at the door) is shown as none."""
    if value is None:
        return None
    if kind == _STAMP:
        return _stamp(value)
    if kind == pa.string():
        return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if kind == pa.bool_() or isinstance(value, bool):
        return value if kind == pa.bool_() and isinstance(value, bool) else None
    if not isinstance(value, int | float):
        return None
    return _whole(value) if kind == pa.int64() else _real(value)


def printable(text: str) -> str:
    """Text as files and terminals take it: halves of characters that JSON can spell are spelled."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _whole(value: float) -> int | None:
    return int(value) if isfinite(value) and value == int(value) and -(2**63) <= value < 2**63 else None


def _real(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _stamp(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds(value), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


_STAMP = pa.timestamp("us", tz="UTC")
_KINDS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_OUTPUTS = dict(zip(OUTPUTS, ((Nudge, NudgeRecalled), *((m,) for m in MODELS if m not in (Nudge, NudgeRecalled))), strict=True))
