"""Rate limits per user or client network, by the contract's rate classes."""

from collections.abc import Mapping
from functools import lru_cache
from math import ceil

from service_kit.contract.policy import Degraded, RateClass
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.limits.degrading_limiter import DegradingLimiter, Ruling
from gateway.limits.limiter import LimiterUnavailable
from gateway.limits.quota import Quota
from gateway.limits.rate_key import rate_key
from gateway.limits.rate_limit_telemetry import RateLimitTelemetry
from gateway.problems import Decision, Problem

_POLICY = "rate_limit"
_HEADERS = frozenset({b"ratelimit", b"ratelimit-policy"})
_UNAVAILABLE = "unavailable"
_UNAVAILABLE_RETRY_AFTER_S = 1


class _Gate:
    """Asks the limiter, sets the headers that report what is left, and counts the decisions."""

    def __init__(self, limiter: DegradingLimiter, telemetry: RateLimitTelemetry) -> None:
        self._limiter = limiter
        self._telemetry = telemetry

    async def admit(
        self, exchange: Exchange, key: str, rate_class: RateClass, quota: Quota, degraded: Degraded
    ) -> None:
        """Takes one request out of the bucket ``key``. Problem: 429 if none is left, 503 if that is unknown."""
        exchange.rate_key = key
        try:
            ruling = await self._limiter.admit(key, quota, degraded)
        except LimiterUnavailable as exc:
            self._telemetry.decided(rate_class, _UNAVAILABLE)
            raise _unavailable() from exc
        report_remaining(exchange, rate_class, ruling)
        exchange.is_admitted = ruling.admission.allowed
        if exchange.is_admitted:
            self._telemetry.decided(rate_class, "admitted")
            return
        state = "local_share" if ruling.local else "exhausted"
        self._telemetry.decided(rate_class, state)
        raise _exhausted(ruling, state)


class RateLimitStep:
    """Admits a request for an endpoint against the quota of its rate class, and reports in headers what is left.

    It runs twice: before a session is renewed, where only the network may be known, and after it, where the user is.
    A bucket that was drawn on the first time is not drawn on again the second time.

    The headers are those of draft-ietf-httpapi-ratelimit-headers
    (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/); a refusal is 429 RATE_LIMITED.
    While the quotas cannot be shared, the policy in force is named "default-local", with the local share.

    Args:
        quotas: one for every rate class.
    """

    def __init__(
        self, limiter: DegradingLimiter, quotas: Mapping[RateClass, Quota], telemetry: RateLimitTelemetry
    ) -> None:
        self._gate = _Gate(limiter, telemetry)
        self._quotas = dict(quotas)

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        policy = exchange.endpoint.method.policy
        key = rate_key(policy.rate_class, exchange.request)
        if key == exchange.rate_key:
            return
        quota = self._quotas[policy.rate_class]
        await self._gate.admit(exchange, key, policy.rate_class, quota, policy.degraded)


class RateLimitedPage:
    """One of the gateway's own pages; a request for it draws on the default quota of the client's network."""

    def __init__(self, page: ASGIApp, limiter: DegradingLimiter, quota: Quota, telemetry: RateLimitTelemetry) -> None:
        self._page = page
        self._gate = _Gate(limiter, telemetry)
        self._quota = quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        key = rate_key(RateClass.DEFAULT, exchange.request)
        await self._gate.admit(exchange, key, RateClass.DEFAULT, self._quota, Degraded.LOCAL_SHARE)
        await self._page(scope, receive, send)


def report_remaining(exchange: Exchange, rate_class: RateClass, ruling: Ruling) -> None:
    """Sets the response headers that report how much of the quota is left."""
    name, policy = _policy(rate_class, ruling.quota, ruling.local)
    left = f"{name};r={ruling.admission.remaining};t={ceil(ruling.admission.reset_after_s)}"
    headers = exchange.response_headers
    # Of two buckets, the one that was drawn on last is reported.
    headers[:] = [header for header in headers if header[0] not in _HEADERS]
    headers += ((b"ratelimit-policy", policy), (b"ratelimit", left.encode()))


@lru_cache(maxsize=64)
def _policy(rate_class: RateClass, quota: Quota, local: bool) -> tuple[str, bytes]:
    """Returns the policy's name, as a string of structured fields (RFC 9651), and its header."""
    name = f'"{rate_class.value}-local"' if local else f'"{rate_class.value}"'
    return name, f"{name};q={quota.limit};w={quota.window_s}".encode()


def _unavailable() -> Problem:
    detail = "The rate limit cannot be checked now."
    decision = Decision(_POLICY, _UNAVAILABLE, retry_after_s=_UNAVAILABLE_RETRY_AFTER_S)
    return Problem(503, "RATE_LIMIT_UNAVAILABLE", detail, decision=decision)


def _exhausted(ruling: Ruling, state: str) -> Problem:
    quota = ruling.quota
    retry_after_s = max(1, ceil(ruling.admission.retry_after_s))
    return Problem(
        429,
        "RATE_LIMITED",
        f"At most {quota.limit} requests in {quota.window_s} s are admitted.",
        decision=Decision(_POLICY, state, limit=quota.limit, remaining=0, retry_after_s=retry_after_s),
    )
