"""One address of an upstream: its connections, its breaker, and what is known of its health."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from functools import partial
from time import monotonic, perf_counter
from typing import Any

from grpclib.const import Status
from loguru import logger
from service_kit.contract import Method
from service_kit.grpc.spans import begin_made, end_made
from service_kit.request.clients import client_of
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.telemetry.seconds_histogram import seconds_histogram

from gateway.problems import Decision
from gateway.upstream.address import Address
from gateway.upstream.breaker import Breaker
from gateway.upstream.call import call_unary
from gateway.upstream.connections import Connections
from gateway.upstream.failure import AttemptError
from gateway.upstream.health import Health
from gateway.upstream.health_watch import HealthWatch

#: How long one that has refused a call for draining is left alone, if its health does not say so itself, in seconds.
_SHUN_S = 1.0

_duration = seconds_histogram(
    "rpc.client.call.duration",
    "How long calls of services took, by method and status",
    "rpc.method",
    "rpc.response.status_code",
)


class Standing(IntEnum):
    """How good a choice an address is at the moment; the least is the best.

    UNCONNECTED: a call would have to wait for a connection first. LEAVING: it says itself that it does not serve;
    better than none at all. BROKEN: its breaker lets no call through.
    """

    READY = 0
    UNCONNECTED = 1
    LEAVING = 2
    BROKEN = 3


class Endpoint:
    """Makes calls at one address. in_flight: those in progress.

    on_unreachable: hears when no connection can be made.
    """

    def __init__(
        self,
        address: Address,
        connections: Connections,
        breaker: Breaker,
        on_unreachable: Callable[[], None],
    ) -> None:
        self.address = address
        self.breaker = breaker
        self.in_flight = 0
        self.health = Health.UNKNOWN
        self._shunned_until = 0.0
        self._connections = connections
        self._watch = HealthWatch(connections, self._told, on_unreachable)
        self._watching: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        if self.breaker.refusal() is not None:
            return Standing.BROKEN
        if self.health is Health.NOT_SERVING or self._shunned_until > monotonic():
            return Standing.LEAVING
        return Standing.READY if self._connections.ready else Standing.UNCONNECTED

    @property
    def refusal(self) -> Decision | None:
        """Why no call may be made now; None: one may."""
        return self.breaker.refusal()

    def start(self) -> None:
        """Begin to watch the address's health."""
        self._watching = asyncio.create_task(self._watch.run(), name=f"health of {self.address}")

    async def call(self, method: Method, message: Any, request: RequestContext, deadline: float) -> Any:
        """Make one attempt at a call; deadline: on the clock of time.monotonic().

        Returns the response message. CallError: the service's answer; AttemptError: the attempt has failed.
        BreakerOpen: it was not made.
        """
        self.in_flight += 1
        try:
            attempt = partial(self._measured, method, message, request, deadline)
            return await self.breaker.call(attempt, client_of(request).key)
        except AttemptError as exc:
            if exc.reason == "DRAINING":
                self._shunned_until = monotonic() + _SHUN_S
            raise
        finally:
            self.in_flight -= 1

    def retire(self) -> None:
        """Take no further part; the calls in progress may end."""
        self._stop_watching()
        self._connections.close(at_once=False)

    def close(self) -> None:
        """End, and all calls with it."""
        self._stop_watching()
        self._connections.close(at_once=True)

    def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    def _told(self, health: Health) -> None:
        if health is Health.SERVING:
            self._shunned_until = 0.0
        if health is not self.health:
            level = "WARNING" if health is Health.NOT_SERVING else "INFO"
            logger.log(level, "health of {}: {} -> {}", self.address, self.health.value, health.value)
            self.health = health

    async def _measured(self, method: Method, message: Any, request: RequestContext, deadline: float) -> Any:
        span = None
        if request.span is not None:
            span = begin_made(request.span, method.full_name, *self.address)
            request = replace(request, trace=span.trace)
        started = perf_counter()
        status = Status.CANCELLED
        try:
            reply = await call_unary(self._connections, method, message, request, deadline)
        except CallError as exc:
            status = exc.status
            raise
        else:
            status = Status.OK
            return reply
        finally:
            _duration.record(perf_counter() - started, method.full_name, status.name)
            if span is not None:
                end_made(span, status)
