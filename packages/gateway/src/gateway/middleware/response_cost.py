"""Charges quotas for large responses, which cost the services and the gateway more."""

from collections.abc import Mapping

from service_kit.contract.policy import RateClass
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.admission.rate_limit import report_remaining
from gateway.exchange import exchange_of
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.quota import Quota

#: A response costs one request of the quota for each started block of so many bytes; the first is the request's own.
BYTES_PER_UNIT = 64 * 1024


class ResponseCostMiddleware:
    """Charges the quota that admitted a request for the size of its response, before compression.

    The response itself is sent in any case; the requests after it wait.

    Args:
        quotas: one for every rate class.
    """

    def __init__(self, app: ASGIApp, limiter: DegradingLimiter, quotas: Mapping[RateClass, Quota]) -> None:
        self.app = app
        self._limiter = limiter
        self._quotas = dict(quotas)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        if exchange.endpoint is None or exchange.rate_key is None:
            await self.app(scope, receive, send)
            return
        meter = _Meter(exchange.endpoint.method.policy.rate_class, exchange.rate_key)

        async def metered(message: Message) -> None:
            units = meter.units_of(message)
            if units:
                quota = self._quotas[meter.rate_class]
                applied = await self._limiter.charge(meter.key, quota, units)
                report_remaining(exchange, meter.rate_class, applied)
            await send(message)

        await self.app(scope, receive, metered)


class _Meter:
    """The units of one response. rate_class, key: of the quota that admitted its request."""

    def __init__(self, rate_class: RateClass, key: str) -> None:
        self.rate_class = rate_class
        self.key = key
        self._sent_bytes = 0
        self._paid_bytes = BYTES_PER_UNIT

    def units_of(self, message: Message) -> int:
        """Returns the units due when ``message`` is sent: all of them at the start if the length is known."""
        if message["type"] == "http.response.start":
            due_bytes = _content_length(message)
        else:
            self._sent_bytes += len(message.get("body", b""))
            due_bytes = self._sent_bytes
        units = max(0, -(-(due_bytes - self._paid_bytes) // BYTES_PER_UNIT))
        self._paid_bytes += units * BYTES_PER_UNIT
        return units


def _content_length(start: Message) -> int:
    return next((int(value) for name, value in start["headers"] if name == b"content-length"), 0)
