"""A recording as typed events, for those who apply them here and send nothing."""

from collections.abc import Iterator
from typing import Any

from events import FAMILIES
from events.decode import Decoder
from simulator.importers.cut import WHOLE, Cut
from simulator.importers.frames import Source
from simulator.importers.ndjson import NdjsonSource


def decoded(source: Source, cut: Cut = WHOLE) -> Iterator[Any]:
    """The events of the cut as structs of `events.structs.STRUCTS`, in the order of the recording; what is refused is in the source's report."""
    if isinstance(source, NdjsonSource):
        for _, event in source.decoded(cut):
            yield event
        return
    decoders = {family: Decoder(family).decode for family in FAMILIES}
    for record in source.events(cut):
        yield decoders[record.family](record.value, record.key)
