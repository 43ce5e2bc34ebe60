"""Receives events for as long as the process lives."""

import asyncio
import os
import socket
import time

from redis.exceptions import RedisError
from service_kit.backoff import Backoff
from service_kit.redis.connection import own_connection
from service_kit.redis.version import UnsupportedRedisError, check_version
from service_kit.telemetry.random_ids import random_hex

from order_svc.inbox.group import TIMEOUT_S, ConsumerGroup, RedisConsumerGroup
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry

GROUP = "order-svc"
#: How often to look after what other processes have left behind, and how much there is to do.
_LOOK_AFTER_S = 1.0
_DISMISS_EVERY_S = 60.0


class BackgroundInbox:
    """A consumer of the group, which no other process is.

    While Redis is away, or when it has lost the group, it tries again, at growing intervals. claim_idle_s: how long
    nothing was heard of an entry's consumer until another one takes the entry over.
    """

    def __init__(self, url: str, stream: str, inbox: Inbox, telemetry: InboxTelemetry, claim_idle_s: float) -> None:
        self._url = url
        self._stream = stream
        self._inbox = inbox
        self._telemetry = telemetry
        self._claim_idle_s = claim_idle_s
        self._name = f"{socket.gethostname()}-{os.getpid()}-{random_hex(8)}"
        self._stopped = asyncio.Event()
        self._look_at_s = self._dismiss_at_s = 0.0

    async def run(self) -> None:
        """Receive until `drain`; then wait to be cancelled."""
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
        """For readiness. ConnectionError: nothing is received."""
        if not self._telemetry.is_connected:
            raise ConnectionError(f"no events are received: {self._telemetry.cause}")

    async def drain(self, _seconds: float) -> None:
        """Take nothing more, and return once what is in hand is done with."""
        self._inbox.stopping.set()
        await self._stopped.wait()

    async def _receive(self, group: ConsumerGroup, backoff: Backoff) -> None:
        await group.join()
        self._telemetry.connected()
        while not self._inbox.stopping.is_set():
            await self._look_after(group)
            if (entry := await group.read()) is not None:
                await self._inbox.take(group, entry)
            backoff.succeeded()
        await group.leave()

    async def _look_after(self, group: ConsumerGroup) -> None:
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + _LOOK_AFTER_S
        while not self._inbox.stopping.is_set() and (entry := await group.claim()) is not None:
            await self._inbox.take(group, entry)
        self._telemetry.backlog(await group.backlog())
        if now_s >= self._dismiss_at_s:
            self._dismiss_at_s = now_s + _DISMISS_EVERY_S
            await group.dismiss_dead()
