"""A service behind the gateway: all addresses that it has, behind one call."""

from functools import partial
from time import monotonic
from typing import Any

from grpclib.const import Status
from pybreaker import STATE_OPEN
from service_kit.contract import Method
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError

from gateway.problems import Decision, Problem
from gateway.upstream.address import Address
from gateway.upstream.balancer import pick
from gateway.upstream.breaker import Breaker, BreakerOpen
from gateway.upstream.connections import Connections
from gateway.upstream.endpoint import Endpoint, Standing
from gateway.upstream.failure import AttemptError, verdict_on_address
from gateway.upstream.policy import UpstreamPolicy
from gateway.upstream.pool import Pool
from gateway.upstream.resolver import Resolver
from gateway.upstream.retry_budget import RetryBudget
from gateway.upstream.retrying import Call, Retrying
from gateway.upstream.telemetry import UpstreamTelemetry


class UpstreamUnavailableError(Exception):
    """No address takes calls. The text lists the addresses with their health."""


class Upstream:
    """Calls methods of one service, while the context is entered. Every call has a deadline.

    resolver: knows the service's addresses.
    """

    def __init__(self, name: str, resolver: Resolver, policy: UpstreamPolicy, telemetry: UpstreamTelemetry) -> None:
        self.name = name
        self._policy = policy
        self._telemetry = telemetry
        self._pool = Pool(
            name,
            resolver,
            self._endpoint,
            partial(telemetry.resolved, name),
            resolve_every_s=policy.resolve_every_s,
        )
        self._budget = RetryBudget(policy.retry_budget)
        self._retrying = Retrying(self._pool, self._budget, policy.retries, partial(telemetry.sent_again, name))
        telemetry.observe(name, lambda: self._pool.endpoints, self._budget)

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        """Call ``method`` on behalf of ``request``, until the request's deadline or, without one, the method's.

        Returns the response message. CallError: the service's, or ours where none could be had in time. Problem: no
        attempt was made.
        """
        deadline = request.deadline
        if deadline is None:
            deadline = monotonic() + method.policy.deadline_s
        elif deadline <= monotonic():
            raise CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        self._budget.deposit()
        endpoint = pick(self._pool.endpoints)
        if endpoint is None:
            raise self._refusal()
        try:
            return await endpoint.call(method, message, request, deadline)
        except AttemptError as exc:
            return await self._retrying.again(Call(method, message, request, deadline), endpoint, exc)

    async def check(self) -> None:
        """For readiness. UpstreamUnavailableError: a call would not find an address that is connected and serves."""
        standings = {endpoint.address: endpoint.standing for endpoint in self._pool.endpoints}
        if Standing.READY not in standings.values():
            known = ", ".join(f"{address} is {standing.name.lower()}" for address, standing in standings.items())
            raise UpstreamUnavailableError(known or "no address is known")

    async def __aenter__(self) -> "Upstream":
        await self._pool.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pool.close()

    def _refusal(self) -> Problem:
        decisions = [decision for endpoint in self._pool.endpoints if (decision := endpoint.refusal) is not None]
        if decisions:
            return BreakerOpen(min(decisions, key=lambda decision: decision.retry_after_s or 0))
        detail = "It is not known where the service behind this path is."
        decision = Decision("upstream", "unresolved", retry_after_s=1)
        return Problem(503, "UPSTREAM_UNAVAILABLE", detail, decision=decision)

    def _endpoint(self, address: Address) -> Endpoint:
        connections = Connections(address, self._policy.connect_timeout_s)
        self._telemetry.appeared(self.name, address)

        def changed(old: str, new: str) -> None:
            if new == STATE_OPEN:
                # Perhaps it is only the connections that have died, without a word, or the address that has moved.
                connections.renew()
                self._pool.resolve_soon()
            self._telemetry.breaker_changed(self.name, address, old, new)

        breaker = Breaker(
            judge=verdict_on_address,
            fail_max=self._policy.breaker_failures,
            reset_timeout_s=self._policy.breaker_reset_s,
            on_change=changed,
        )
        return Endpoint(address, connections, breaker, self._pool.resolve_soon)
