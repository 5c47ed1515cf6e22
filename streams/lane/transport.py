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
    """acks=all and idempotent: a batch that is sent again after a lost answer is written once. aiokafka has one request under way to a broker: states go
    by a connection of their own, lest a nudge waits for hundreds of kilobytes of them."""

    _states: Any = None

    @property
    def states(self) -> BatchProducer:
        """aiokafka's producer of the changelog: it takes whole batches."""
        return cast(BatchProducer, self._states)

    async def on_start(self) -> None:
        await super().on_start()
        self._states = self._new_producer()
        await self._states.start()

    async def on_stop(self) -> None:
        await super().on_stop()
        if self._states is not None:
            await self._states.stop()

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class LaneTransport(Transport):
    Consumer = LaneConsumer
    Producer = LaneProducer


class LaneApp(faust.App):
    """A Faust app on the batch lane. `port` is the worker that it serves; it is set before the app starts."""

    port: Port

    @property
    def batch_producer(self) -> BatchProducer:
        """aiokafka's producer of what goes out: it takes whole batches."""
        return cast(BatchProducer, cast(LaneProducer, self.producer)._ensure_producer())

    @property
    def states_producer(self) -> BatchProducer:
        """The same for states."""
        return cast(LaneProducer, self.producer).states

    async def until_crashed(self) -> BaseException:
        """Returns why, once a part of the app crashed."""
        await self._crashed.wait()
        return self.crash_reason or RuntimeError("a part of the app crashed")

    async def on_first_start(self) -> None:
        """Faust makes folders here for a store on disk; there is none."""

    def _new_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_producer, self)
