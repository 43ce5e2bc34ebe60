import pytest
from gateway.admission.rate_limit import RateLimitedPage, RateLimitStep, RateLimitTelemetry
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision, RateLimiter, RateLimiterUnavailable
from gateway.problems import Decision, Problem
from service_kit.contract.policy import Degraded, MethodPolicy, RateClass
from service_kit.request.principal import Principal
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import admitting, answering, call, exchange_in, http_scope, policy, principal
from tests.unit.gateway.metrics import RecordedMetrics

QUOTAS = {RateClass.DEFAULT: Quota(3, 60), RateClass.CREDENTIALS: Quota(1, 60)}


class Away:
    async def admit(self, _key: str, _quota: Quota) -> RateLimitDecision:
        raise RateLimiterUnavailable("ConnectionError")

    async def charge(self, _key: str, _quota: Quota, _units: int) -> RateLimitDecision:
        raise RateLimiterUnavailable("ConnectionError")


def limited_by(limiter: DegradingLimiter, recorded: RecordedMetrics | None = None) -> ASGIApp:
    return admitting(RateLimitStep(limiter, QUOTAS, RateLimitTelemetry((recorded or RecordedMetrics()).meter)))


def layer(shared: RateLimiter | None = None, recorded: RecordedMetrics | None = None) -> ASGIApp:
    # Every reading at the same instant, so that nothing is worked off between two requests.
    still = LocalLimiter(now_us=lambda: 0)
    return limited_by(DegradingLimiter(shared or still, still, RecordedMetrics().meter), recorded)


async def ask(app: ASGIApp, method: MethodPolicy, who: Principal | None = None) -> list[tuple[bytes, bytes]]:
    scope = http_scope()
    exchange = exchange_in(scope, policy=method, principal=who)
    try:
        await call(app, scope)
    finally:
        headers = list(exchange.response_headers)
    return headers


async def test_remaining_quota_is_reported_on_every_response() -> None:
    app = layer()
    assert await ask(app, policy()) == [
        (b"ratelimit-policy", b'"default";q=3;w=60'),
        (b"ratelimit", b'"default";r=2;t=20'),
    ]
    assert (await ask(app, policy()))[1] == (b"ratelimit", b'"default";r=1;t=40')


async def test_exhausted_quota_is_a_429_with_a_retry_time() -> None:
    app = layer()
    for _ in range(3):
        await ask(app, policy())
    scope = http_scope()
    exchange = exchange_in(scope, policy=policy())
    with pytest.raises(Problem) as caught:
        await call(app, scope)
    assert (caught.value.status, caught.value.code) == (429, "RATE_LIMITED")
    assert caught.value.decision == Decision("rate_limit", "exhausted", limit=3, remaining=0, retry_after_s=20)
    assert exchange.response_headers[1] == (b"ratelimit", b'"default";r=0;t=60')


async def test_each_class_and_user_has_a_separate_quota() -> None:
    app = layer()
    credentials = policy(rate_class=RateClass.CREDENTIALS)
    assert (await ask(app, credentials))[0] == (b"ratelimit-policy", b'"credentials";q=1;w=60')
    with pytest.raises(Problem):
        await ask(app, credentials)
    await ask(app, policy())
    await ask(app, credentials, principal(user_id="a"))
    await ask(app, credentials, principal(user_id="b"))
    with pytest.raises(Problem):
        await ask(app, credentials, principal(user_id="b"))


async def test_policy_of_the_method_decides_while_the_store_is_unavailable() -> None:
    app = layer(Away())
    for _ in range(3):
        await ask(app, policy(degraded=Degraded.LOCAL_SHARE))
    with pytest.raises(Problem) as exhausted:
        await ask(app, policy(degraded=Degraded.LOCAL_SHARE))
    with pytest.raises(Problem) as refused:
        await ask(app, policy(degraded=Degraded.REFUSE))
    assert exhausted.value.status == 429
    assert exhausted.value.decision == Decision("rate_limit", "local_share", limit=3, remaining=0, retry_after_s=20)
    assert (refused.value.status, refused.value.code) == (503, "RATE_LIMIT_UNAVAILABLE")
    assert refused.value.decision == Decision("rate_limit", "unavailable", retry_after_s=1)


async def test_local_share_is_reported_as_another_policy() -> None:
    still = LocalLimiter(now_us=lambda: 0)
    limiter = DegradingLimiter(Away(), still, RecordedMetrics().meter, share=0.7)
    assert await ask(limited_by(limiter), policy()) == [
        (b"ratelimit-policy", b'"default-local";q=2;w=60'),
        (b"ratelimit", b'"default-local";r=1;t=30'),
    ]


async def test_request_without_an_endpoint_is_not_counted() -> None:
    scope = http_scope()
    exchange = exchange_in(scope)
    assert (await call(layer(Away()), scope)).status == 200
    assert exchange.response_headers == []


async def test_decisions_are_counted_by_class_and_outcome() -> None:
    shared, away = RecordedMetrics(), RecordedMetrics()
    app = layer(recorded=shared)
    for _ in range(3):
        await ask(app, policy())
    credentials = policy(rate_class=RateClass.CREDENTIALS)
    await ask(app, credentials)
    with pytest.raises(Problem):
        await ask(app, credentials)
    assert decisions(shared) == {
        ("default", "admitted"): 3,
        ("credentials", "admitted"): 1,
        ("credentials", "exhausted"): 1,
    }
    app = layer(Away(), away)
    with pytest.raises(Problem):
        await ask(app, policy(degraded=Degraded.REFUSE))
    local = policy(rate_class=RateClass.CREDENTIALS, degraded=Degraded.LOCAL_SHARE)
    await ask(app, local)
    with pytest.raises(Problem):
        await ask(app, local)
    assert decisions(away) == {
        ("default", "unavailable"): 1,
        ("credentials", "admitted"): 1,
        ("credentials", "local_share"): 1,
    }


def decisions(recorded: RecordedMetrics) -> dict[tuple[str, str], float]:
    points = recorded.points("headrace.gateway.rate_limit.decisions")
    return {(labels["rate_class"], labels["outcome"]): value for labels, value in points}


async def test_page_draws_on_the_default_quota_of_the_clients_network() -> None:
    still = LocalLimiter(now_us=lambda: 0)
    limiter = DegradingLimiter(still, still, RecordedMetrics().meter)
    page = RateLimitedPage(answering(), limiter, QUOTAS[RateClass.DEFAULT], RateLimitTelemetry(RecordedMetrics().meter))

    async def fetch(address: str) -> bytes:
        scope = http_scope()
        exchange = exchange_in(scope)
        exchange.request.client_address = address
        await call(page, scope)
        return dict(exchange.response_headers)[b"ratelimit"]

    assert [await fetch("192.0.2.1") for _ in range(3)] == [
        b'"default";r=%d;t=%d' % (2 - i, 20 * (i + 1)) for i in range(3)
    ]
    with pytest.raises(Problem) as refused:
        await fetch("192.0.2.1")
    assert (refused.value.status, refused.value.code) == (429, "RATE_LIMITED")
    assert await fetch("192.0.2.2")
