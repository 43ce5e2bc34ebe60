"""Consumes events for the lifetime of the process."""

import asyncio
import os
import socket
import time

from redis.exceptions import RedisError
from service_kit.lifecycle.backoff import Backoff
from service_kit.redis.client import own_connection
from service_kit.redis.version import UnsupportedRedisError, check_version
from service_kit.telemetry.random_ids import random_hex

from order_svc.inbox.group import TIMEOUT_S, ConsumerGroup, RedisConsumerGroup
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry

GROUP = "order-svc"
#: How often idle entries are claimed and the backlog is measured, and how often dead consumers are removed.
_CLAIM_EVERY_S = 1.0
_REMOVE_CONSUMERS_EVERY_S = 60.0


class BackgroundInbox:
    """Runs the inbox as one consumer of the group, with a name of its own.

    While Redis is unavailable, or has lost the group, it reconnects at growing intervals.

    Args:
        url: of Redis.
        stream: the key of the stream.
        inbox: processes the entries.
        telemetry: receives the state of the connection and the backlog.
        claim_idle_s: how long the consumer of an entry must be silent before another one claims the entry, in seconds.
    """

    def __init__(self, url: str, stream: str, inbox: Inbox, telemetry: InboxTelemetry, claim_idle_s: float) -> None:
        self._url = url
        self._stream = stream
        self._inbox = inbox
        self._telemetry = telemetry
        self._claim_idle_s = claim_idle_s
        self._name = f"{socket.gethostname()}-{os.getpid()}-{random_hex(8)}"
        self._stopped = asyncio.Event()
        self._claim_at_s = self._remove_consumers_at_s = 0.0

    async def run(self) -> None:
        """Consumes events until `drain`; then waits to be cancelled."""
        backoff = Backoff(0.1, 2.0)
        while not self._inbox.stopping.is_set():
            try:
                async with own_connection(self._url, "inbox", connect_timeout_s=TIMEOUT_S, decode=False) as redis:
                    async with asyncio.timeout(TIMEOUT_S):
                        await check_version(redis)
                    await self._receive(
                        RedisConsumerGroup(redis, self._stream, GROUP, self._name, self._claim_idle_s), backoff
                    )
            except (RedisError, OSError, UnsupportedRedisError) as exc:
                self._telemetry.disconnected(exc)
                await self._inbox.pause(backoff.next_s())
        self._stopped.set()
        await asyncio.Event().wait()

    async def check(self) -> None:
        """Checks readiness.

        Raises:
            ConnectionError: no events are received.
        """
        if not self._telemetry.is_connected:
            raise ConnectionError(f"no events are received: {self._telemetry.cause}")

    async def drain(self, _seconds: float) -> None:
        """Stops reading entries, and returns once the current one is settled."""
        self._inbox.stopping.set()
        await self._stopped.wait()

    async def _receive(self, group: ConsumerGroup, backoff: Backoff) -> None:
        await group.join()
        self._telemetry.connected()
        while not self._inbox.stopping.is_set():
            await self._claim_idle_entries(group)
            if (entry := await group.read()) is not None:
                await self._inbox.process(group, entry)
            backoff.succeeded()
        await group.leave()

    async def _claim_idle_entries(self, group: ConsumerGroup) -> None:
        now_s = time.monotonic()
        if now_s < self._claim_at_s:
            return
        self._claim_at_s = now_s + _CLAIM_EVERY_S
        while not self._inbox.stopping.is_set() and (entry := await group.claim()) is not None:
            await self._inbox.process(group, entry)
        self._telemetry.backlog(await group.backlog())
        if now_s >= self._remove_consumers_at_s:
            self._remove_consumers_at_s = now_s + _REMOVE_CONSUMERS_EVERY_S
            await group.remove_dead_consumers()
