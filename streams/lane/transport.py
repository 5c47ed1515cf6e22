"""Faust's transport and app with the lane's consumer, and a producer that neither repeats nor reorders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import faust
from faust.transport.drivers.aiokafka import Producer, Transport

from streams.lane.consumer import LaneConsumer
from streams.lane.outbox import BatchProducer
from streams.lane.ports import Port


class LaneProducer(Producer):
    """acks=all and idempotent: a batch that is sent again after a lost answer is written once."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class LaneTransport(Transport):
    Consumer = LaneConsumer
    Producer = LaneProducer


class LaneApp(faust.App):
    """A Faust app on the batch lane. `port` is the worker that it serves; it is set before the app starts."""

    port: Port
    settling = 0  # which of its rebalances, counted from the first, the last assignment belongs to

    @property
    def batch_producer(self) -> BatchProducer:
        """aiokafka's producer: it takes whole batches."""
        return cast(BatchProducer, cast(LaneProducer, self.producer)._ensure_producer())

    async def until_crashed(self) -> BaseException:
        """Returns why, once a part of the app crashed."""
        await self._crashed.wait()
        return self.crash_reason or RuntimeError("a part of the app crashed")

    def on_rebalance_end(self) -> None:
        """A recovery may end when partitions are being taken away again: then nothing has settled."""
        if self.settling == self.rebalancing_count:
            super().on_rebalance_end()

    async def on_first_start(self) -> None:
        """Faust makes folders here for a store on disk; there is none."""

    def _new_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_producer, self)
