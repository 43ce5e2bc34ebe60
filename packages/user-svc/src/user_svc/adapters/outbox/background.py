"""Relays events in the background, for as long as the process runs."""

import asyncio
import time
from contextlib import suppress

from redis.exceptions import RedisError
from service_kit.lifecycle.backoff import Backoff
from service_kit.redis.client import own_connection

from user_svc.adapters.outbox.relay import Relay
from user_svc.adapters.outbox.stream import TIMEOUT_S, EventStream, RedisEventStream
from user_svc.adapters.outbox.telemetry import OutboxTelemetry
from user_svc.domain.errors import DependencyUnavailableError

#: How often the table is polled for events that another process wrote and did not relay.
_POLL_INTERVAL_S = 1.0
_DELETE_INTERVAL_S = 60.0


class BackgroundRelay:
    """Relays events at once after `wake`, and those of other processes at the next poll.

    While PostgreSQL or Redis is unavailable, it retries with backoff.
    """

    def __init__(self, url: str, stream: str, relay: Relay, telemetry: OutboxTelemetry) -> None:
        self._url = url
        self._stream = stream
        self._relay = relay
        self._telemetry = telemetry
        self._woken = asyncio.Event()
        self._delete_at_s = time.monotonic()

    def wake(self) -> None:
        """Relays soon: an event was written."""
        self._woken.set()

    async def run(self) -> None:
        """Relays until cancelled."""
        backoff = Backoff(0.1, 2.0)
        while True:
            try:
                async with own_connection(self._url, "outbox", connect_timeout_s=TIMEOUT_S, decode=False) as redis:
                    await self._serve(RedisEventStream(redis, self._stream), backoff)
            except (RedisError, OSError, DependencyUnavailableError) as exc:
                self._telemetry.failed(exc)
            with suppress(DependencyUnavailableError):
                await self._relay.count_unrelayed()
            await asyncio.sleep(backoff.next_s())

    async def _serve(self, stream: EventStream, backoff: Backoff) -> None:
        while True:
            while await self._relay.step(stream):
                pass
            backoff.succeeded()
            self._telemetry.caught_up()
            if time.monotonic() >= self._delete_at_s:
                await self._relay.delete_expired(stream)
                self._delete_at_s = time.monotonic() + _DELETE_INTERVAL_S
            await self._wait()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_INTERVAL_S):
                await self._woken.wait()
        self._woken.clear()
