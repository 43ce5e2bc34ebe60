"""Quotas per user or client address, by the contract's rate classes."""

from collections.abc import Mapping
from math import ceil

from service_kit.contract.policy import MethodPolicy, RateClass
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.limiter import Admission, LimiterUnavailable
from gateway.limits.quota import Quota
from gateway.limits.rate_key import rate_key
from gateway.problems import Decision, Problem

_POLICY = "rate_limit"
_HEADERS = frozenset({b"ratelimit", b"ratelimit-policy"})
_UNAVAILABLE_RETRY_AFTER_S = 1


class RateLimitMiddleware:
    """Admits a request for an endpoint against the quota of its rate class, and tells in headers what is left.

    It stands in two places: before a session is renewed, where only the address may be known, and behind it, where
    the user is. A bucket that was drawn on in the first place is not drawn on again in the second.

    quotas: one for every rate class. The headers are those of draft-ietf-httpapi-ratelimit-headers
    (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/); a refusal is 429 RATE_LIMITED.
    """

    def __init__(self, app: ASGIApp, limiter: DegradingLimiter, quotas: Mapping[RateClass, Quota]) -> None:
        self.app = app
        self._limiter = limiter
        self._quotas = dict(quotas)
        self._policy_headers = {
            rate_class: (b"ratelimit-policy", f'"{rate_class.value}";q={quota.limit};w={quota.window_s}'.encode())
            for rate_class, quota in quotas.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                await self._admit(exchange, exchange.endpoint.method.policy)
        await self.app(scope, receive, send)

    async def _admit(self, exchange: Exchange, policy: MethodPolicy) -> None:
        rate_class = policy.rate_class
        key = rate_key(rate_class, exchange.request)
        if key == exchange.rate_key:
            return
        exchange.rate_key = key
        quota = self._quotas[rate_class]
        try:
            admission = await self._limiter.admit(key, quota, policy.degraded)
        except LimiterUnavailable as exc:
            raise Problem(
                503,
                "RATE_LIMIT_UNAVAILABLE",
                "The rate limit cannot be checked now.",
                decision=Decision(_POLICY, "unavailable", retry_after_s=_UNAVAILABLE_RETRY_AFTER_S),
            ) from exc
        self._tell(exchange, rate_class, admission)
        if not admission.allowed:
            raise _exhausted(quota, admission)

    def _tell(self, exchange: Exchange, rate_class: RateClass, admission: Admission) -> None:
        left = f'"{rate_class.value}";r={admission.remaining};t={ceil(admission.reset_after_s)}'
        headers = exchange.response_headers
        # Of two buckets, the client is told of the one that was asked last.
        headers[:] = [header for header in headers if header[0] not in _HEADERS]
        headers += (self._policy_headers[rate_class], (b"ratelimit", left.encode()))


def _exhausted(quota: Quota, admission: Admission) -> Problem:
    retry_after_s = max(1, ceil(admission.retry_after_s))
    return Problem(
        429,
        "RATE_LIMITED",
        f"At most {quota.limit} requests in {quota.window_s} s are admitted.",
        decision=Decision(_POLICY, "exhausted", limit=quota.limit, remaining=0, retry_after_s=retry_after_s),
    )
