"""Relays for as long as the process lives."""

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

#: What another process has written, and could not relay any more, is found within this time.
_POLL_S = 1.0
_FORGET_EVERY_S = 60.0


class BackgroundRelay:
    """Relays at once what this process announces (`wake`), and soon what others did.

    While PostgreSQL or Redis is away, it tries again, at growing intervals.
    """

    def __init__(self, url: str, stream: str, relay: Relay, telemetry: OutboxTelemetry) -> None:
        self._url = url
        self._stream = stream
        self._relay = relay
        self._telemetry = telemetry
        self._woken = asyncio.Event()
        self._forget_at_s = time.monotonic()

    def wake(self) -> None:
        """There is something to relay."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until cancelled."""
        backoff = Backoff(0.1, 2.0)
        while True:
            try:
                async with own_connection(self._url, "outbox", connect_timeout_s=TIMEOUT_S, decode=False) as redis:
                    await self._serve(RedisEventStream(redis, self._stream), backoff)
            except (RedisError, OSError, DependencyUnavailableError) as exc:
                self._telemetry.stopped(exc)
            with suppress(DependencyUnavailableError):
                await self._relay.count_waiting()
            await asyncio.sleep(backoff.next_s())

    async def _serve(self, stream: EventStream, backoff: Backoff) -> None:
        while True:
            while await self._relay.step(stream):
                pass
            backoff.succeeded()
            self._telemetry.going()
            if time.monotonic() >= self._forget_at_s:
                await self._relay.forget(stream)
                self._forget_at_s = time.monotonic() + _FORGET_EVERY_S
            await self._wait()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._woken.wait()
        self._woken.clear()
