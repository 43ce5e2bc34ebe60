"""What responses cost of a quota."""

import pytest
from gateway.admission.rate_limit import RateLimitStep, RateLimitTelemetry
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.middleware.response_cost import BYTES_PER_UNIT, ResponseCostMiddleware
from gateway.problems import Problem
from service_kit.contract.policy import RateClass
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.gateway.asgi import admitting, answering, call, exchange_in, http_scope, policy
from tests.unit.gateway.metrics import RecordedMetrics

QUOTAS = {RateClass.DEFAULT: Quota(10, 600), RateClass.CREDENTIALS: Quota(10, 600)}


def sending(*chunks_bytes: int, announced: bool = True) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"%d" % sum(chunks_bytes))] if announced else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for size_bytes in chunks_bytes:
            await send({"type": "http.response.body", "body": b"x" * size_bytes, "more_body": True})
        await send({"type": "http.response.body"})

    return app


def limited(app: ASGIApp) -> ASGIApp:
    # Every reading at the same instant, so that nothing is worked off between two requests.
    still = LocalLimiter(now_us=lambda: 0)
    limiter = DegradingLimiter(still, still, RecordedMetrics().meter)
    charging = ResponseCostMiddleware(app, limiter, QUOTAS)
    admission = RateLimitStep(limiter, QUOTAS, RateLimitTelemetry(RecordedMetrics().meter))
    return admitting(admission, endpoint=charging)


async def left_after(app: ASGIApp) -> bytes:
    scope = http_scope()
    exchange = exchange_in(scope, policy=policy())
    await call(app, scope)
    return dict(exchange.response_headers)[b"ratelimit"]


@pytest.mark.parametrize(
    ("chunks_bytes", "left"),
    [
        ((0,), b'"default";r=9;t=60'),
        ((BYTES_PER_UNIT,), b'"default";r=9;t=60'),
        ((BYTES_PER_UNIT + 1,), b'"default";r=8;t=120'),
        ((4 * BYTES_PER_UNIT,), b'"default";r=6;t=240'),
        ((BYTES_PER_UNIT, BYTES_PER_UNIT), b'"default";r=8;t=120'),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
async def test_each_started_64_kib_cost_one_request(
    chunks_bytes: tuple[int, ...], left: bytes, announced: bool
) -> None:
    assert await left_after(limited(sending(*chunks_bytes, announced=announced))) == left


async def test_later_requests_wait_for_the_cost_of_a_response() -> None:
    app = limited(sending(12 * BYTES_PER_UNIT))
    assert await left_after(app) == b'"default";r=0;t=720'
    with pytest.raises(Problem) as refused:
        await left_after(app)
    assert refused.value.code == "RATE_LIMITED"
    assert refused.value.decision is not None
    assert refused.value.decision.retry_after_s == 180


async def test_response_without_a_quota_is_not_charged() -> None:
    scope = http_scope()
    exchange = exchange_in(scope)
    await call(limited(sending(4 * BYTES_PER_UNIT)), scope)
    assert exchange.response_headers == []


async def test_small_response_costs_nothing_more() -> None:
    app = limited(answering())
    assert (await left_after(app)).startswith(b'"default";r=9')
