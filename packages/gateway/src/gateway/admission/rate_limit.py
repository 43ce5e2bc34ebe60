"""Rate limits per user or client network, by the contract's rate classes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import ceil

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.contract.policy import Degraded, RateClass
from service_kit.request.clients import client_of
from service_kit.request.context import RequestContext
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.limits.degrading_limiter import AppliedDecision, DegradingLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiterUnavailable
from gateway.problems import Decision, Problem

_POLICY = "rate_limit"
_HEADERS = frozenset({b"ratelimit", b"ratelimit-policy"})
_UNAVAILABLE = "unavailable"
_UNAVAILABLE_RETRY_AFTER_S = 1


class RateLimitTelemetry:
    """Counts decisions by rate class and outcome; they are read when scraped, so counting costs an addition.

    Args:
        meter: makes the instrument.
    """

    def __init__(self, meter: Meter) -> None:
        self._decisions = Counter[tuple[RateClass, str]]()
        meter.create_observable_counter(
            "headrace.gateway.rate_limit.decisions",
            callbacks=[self._observe],
            unit="{decision}",
            description="Decisions of the rate limit, by class and outcome.",
        )

    def decided(self, rate_class: RateClass, outcome: str) -> None:
        """Counts a decision. outcome: "admitted", or the state of the refusal."""
        self._decisions[rate_class, outcome] += 1

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {"rate_class": rate_class.value, "outcome": outcome})
            for (rate_class, outcome), count in self._decisions.items()
        ]


def rate_key(rate_class: RateClass, request: RequestContext) -> str:
    """Returns the key of the bucket that ``request`` draws on: its user's, or without one its network's."""
    return f"rl:{rate_class.value}:{client_of(request).key}"


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
            applied = await self._limiter.admit(key, quota, degraded)
        except RateLimiterUnavailable as exc:
            self._telemetry.decided(rate_class, _UNAVAILABLE)
            raise _unavailable() from exc
        report_remaining(exchange, rate_class, applied)
        exchange.is_admitted = applied.decision.allowed
        if exchange.is_admitted:
            self._telemetry.decided(rate_class, "admitted")
            return
        state = "local_share" if applied.is_local else "exhausted"
        self._telemetry.decided(rate_class, state)
        raise _exhausted(applied, state)


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


def report_remaining(exchange: Exchange, rate_class: RateClass, applied: AppliedDecision) -> None:
    """Sets the response headers that report how much of the quota is left."""
    name, policy = _policy(rate_class, applied.quota, applied.is_local)
    left = f"{name};r={applied.decision.remaining};t={ceil(applied.decision.reset_after_s)}"
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


def _exhausted(applied: AppliedDecision, state: str) -> Problem:
    quota = applied.quota
    retry_after_s = max(1, ceil(applied.decision.retry_after_s))
    return Problem(
        429,
        "RATE_LIMITED",
        f"At most {quota.limit} requests in {quota.window_s} s are admitted.",
        decision=Decision(_POLICY, state, limit=quota.limit, remaining=0, retry_after_s=retry_after_s),
    )
