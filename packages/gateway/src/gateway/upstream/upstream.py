"""A service behind the gateway: one channel to it, with a circuit breaker before it."""

import time
from typing import Any

from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError
from opentelemetry.metrics import Histogram
from service_kit.context import RequestContext
from service_kit.contract import Method
from service_kit.errors import CallError
from service_kit.grpc.client import parse_target
from service_kit.grpc.errors import TRANSPORT_ERRORS, from_grpc_error, from_transport_error
from service_kit.grpc.metadata import outgoing

from gateway.upstream.breaker import Breaker
from gateway.upstream.channel import LeanChannel


class Upstream:
    """Calls methods of one service. Every call has a deadline and passes the breaker.

    duration: where the calls' durations are recorded, in seconds.
    """

    def __init__(self, name: str, target: str, breaker: Breaker, duration: Histogram) -> None:
        self.name = name
        self.breaker = breaker
        self._channel = LeanChannel(*parse_target(target))
        self._duration = duration

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        """Call ``method`` on behalf of ``request``, until the request's deadline or, without one, the method's.

        Returns the response message. CallError: the service's, or ours for a transport that failed. BreakerOpen: the
        call was not made.
        """
        timeout_s = method.policy.deadline_s
        if request.deadline is not None:
            timeout_s = request.deadline - time.monotonic()
        if timeout_s <= 0:
            raise CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        return await self.breaker.call(lambda: self._measured(method, message, request, timeout_s))

    async def _measured(self, method: Method, message: Any, request: RequestContext, timeout_s: float) -> Any:
        started = time.perf_counter()
        status = Status.CANCELLED
        try:
            reply = await self._unary(method, message, request, timeout_s)
        except CallError as exc:
            status = exc.status
            raise
        else:
            status = Status.OK
            return reply
        finally:
            attributes = {"rpc.method": method.full_name, "rpc.response.status_code": status.name}
            self._duration.record(time.perf_counter() - started, attributes)

    async def _unary(self, method: Method, message: Any, request: RequestContext, timeout_s: float) -> Any:
        try:
            async with self._channel.request(
                method.path,
                Cardinality.UNARY_UNARY,
                method.request_class,
                method.response_class,
                timeout=timeout_s,
                metadata=outgoing(request),
            ) as stream:
                await stream.send_message(message, end=True)
                return await stream.recv_message()
        except GRPCError as exc:
            raise from_grpc_error(exc) from exc
        except TRANSPORT_ERRORS as exc:
            raise from_transport_error(exc) from exc

    async def __aenter__(self) -> "Upstream":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._channel.close()
