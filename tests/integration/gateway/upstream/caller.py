"""The upstream under test, and calls of it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import Any

from gateway.upstream.address import Address
from gateway.upstream.connection import Connection
from gateway.upstream.endpoint import Endpoint
from gateway.upstream.health import Health
from gateway.upstream.policy import UpstreamPolicy
from gateway.upstream.resolver import Resolver
from gateway.upstream.telemetry import UpstreamTelemetry
from gateway.upstream.upstream import Upstream
from service_kit.contract import Method
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace

from tests.integration.gateway.upstream.service import CREATE, SHOW, Replica, soon
from tests.unit.gateway.metrics import RecordedMetrics

NAME = "order-svc"
#: A share of one: what the budget allows has tests of its own.
POLICY = UpstreamPolicy(retry_budget=1.0)


class Caller:
    """Calls the upstream as the gateway does."""

    def __init__(self, resolver: Resolver, policy: UpstreamPolicy) -> None:
        self.metrics = RecordedMetrics()
        self.upstream = Upstream(NAME, resolver, policy, UpstreamTelemetry(self.metrics.meter))

    async def call(
        self, method: Method = SHOW, timeout_s: float = 20.0, client_address: str = "", **fields: Any
    ) -> Any:
        deadline = monotonic() + timeout_s
        request = RequestContext("request-1", continue_trace(None), client_address=client_address, deadline=deadline)
        return await self.upstream.call(method, method.request_class(**fields), request)

    async def create(self, key: str | None = None) -> Any:
        fields: dict[str, Any] = {} if key is None else {"idempotency_key": key}
        return await self.call(CREATE, **fields)

    def standing(self, replica: Replica) -> float | None:
        """Of its address, as the metrics have it; None: it is not there."""
        labels = {"upstream": NAME, "address": str(replica.address)}
        points = self.metrics.points("headrace.gateway.upstream.standing")
        return next((value for attributes, value in points if attributes == labels), None)

    def knows(self, replica: Replica) -> bool:
        """Whether it is connected to the replica, and has heard of its health if there is any to hear of."""
        heard = self._endpoint(replica).health is Health.SERVING
        return self.standing(replica) == 0 and heard == replica.with_health

    def connections(self, replica: Replica) -> list[Connection]:
        """Those that it may make calls on."""
        return list(self._endpoint(replica)._connections._open)

    def _endpoint(self, replica: Replica) -> Endpoint:
        return next(e for e in self.upstream._pool.endpoints if e.address == replica.address)

    def retries(self) -> dict[tuple[str, str], float]:
        """What was sent again, by kind and outcome."""
        points = self.metrics.points("headrace.gateway.upstream.retries")
        # All others are there as well, at zero.
        return {(attributes["kind"], attributes["outcome"]): value for attributes, value in points if value}


@contextlib.asynccontextmanager
async def calling(
    targets: Sequence[Replica | Address], policy: UpstreamPolicy = POLICY, resolver: Resolver | None = None
) -> AsyncIterator[Caller]:
    """A caller of these, once it is connected to all of the replicas."""
    addresses = [target.address if isinstance(target, Replica) else target for target in targets]
    caller = Caller(resolver or Resolver(addresses), policy)
    async with caller.upstream:
        replicas = [target for target in targets if isinstance(target, Replica)]
        await soon(lambda: all(caller.knows(replica) for replica in replicas))
        yield caller
