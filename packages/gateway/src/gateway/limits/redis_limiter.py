"""The rate limiter in Redis that all gateways share."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha1
from importlib.resources import files

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from service_kit.redis.client import TimedRedis
from service_kit.redis.failures import describe_redis_failure
from service_kit.redis.liveness import LivePool
from service_kit.redis.version import check_version
from service_kit.request.context import current_request, enter_request
from service_kit.stores.operation import attributes_of, begin_span
from service_kit.tracing.recorded_span import RecordedSpan

from gateway.limits.busy_loop_timeout import BusyLoopTimeout
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision, RateLimiterUnavailable

#: The longest time of a decision (seconds). An answer takes one millisecond; and an unavailable Redis must not add more
#: than 100 ms to a request, of which the gateway itself needs some.
_DECISION_S = 0.08
#: Of that, the time for an idle connection to prove that it is alive; the rest is for a new one.
_PING_TIMEOUT_S = 0.025

_SCRIPT = files("gateway.limits").joinpath("gcra.lua").read_text(encoding="utf-8")
_SCRIPT_ID = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_ANSWER_LENGTH = 4
#: An interval and a burst of one microsecond, one unit, not a charge.
_CHECK_ARGUMENTS = (1, 1, 1, 0)
#: The store does nothing else while it decides on a batch: some 5 µs a request.
_LARGEST_BATCH = 256
_WARM_UP_TRIES = 5
#: The key expires after a millisecond.
_CHECK_KEY = "rl:check"
#: For a connection, its handshake and the script; a request waits for none of them.
_CHECK_S = 1.0


def limiter_client(url: str) -> Redis:
    """Returns a client for the limiter, without timeouts and retries: the limiter has its own."""
    pool = LivePool.from_url(
        url,
        ping_timeout_s=_PING_TIMEOUT_S,
        socket_timeout=None,
        socket_connect_timeout=_CHECK_S,
        retry=Retry(NoBackoff(), 0),
        # RESP2 has the shortest handshake, and is sufficient for counts.
        protocol=2,
    )
    return TimedRedis.from_pool(pool)


@dataclass(frozen=True, slots=True)
class _Request:
    key: str
    quota: Quota
    units: int
    is_charge: bool
    decision: asyncio.Future[RateLimitDecision]


class RedisLimiter:
    """GCRA as one atomic script, run for all requests that arrived during its previous run.

    A call of the store costs the gateway ten times as much as one more request in it. A single request is decided at
    once; under load, the batches grow by themselves.

    Args:
        client: made by `limiter_client`, closed by its owner.
        decision_s: the longest time of a batch, with connecting, in seconds. If one takes longer, all waiting requests
            fail.
    """

    def __init__(self, client: Redis, decision_s: float = _DECISION_S) -> None:
        self._client = client
        self._decision_s = decision_s
        self._waiting: list[_Request] = []
        self._deciding: asyncio.Task[None] | None = None

    async def warm_up(self) -> None:
        """Connects and loads the script, so that the first request need not; has no effect without Redis."""
        for _ in range(_WARM_UP_TRIES):
            with suppress(RateLimiterUnavailable):
                await self.check()
                return

    async def check(self) -> None:
        """Connects, loads the script and decides on a bucket of its own: a store may answer but refuse writes.

        Raises:
            RateLimiterUnavailable: it does not answer, or refuses; the text says which.
        """
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._client.script_load(_SCRIPT)
                await self._client.evalsha(_SCRIPT_ID, 1, _CHECK_KEY, *_CHECK_ARGUMENTS)
        except (RedisError, OSError, TimeoutError) as exc:
            raise RateLimiterUnavailable(describe_redis_failure(exc)) from exc

    async def check_ready(self) -> None:
        """Checks readiness: `check`, and that the version of the store is supported."""
        await self.check()
        async with asyncio.timeout(_CHECK_S):
            await check_version(self._client)

    async def admit(self, key: str, quota: Quota) -> RateLimitDecision:
        """Takes one request out of the quota. Raises RateLimiterUnavailable: there was no valid answer in time."""
        return await self._take(key, quota, 1, is_charge=False)

    async def charge(self, key: str, quota: Quota, units: int) -> RateLimitDecision:
        """Takes ``units`` out of the quota, whether they are left or not. Raises RateLimiterUnavailable: as `admit`."""
        return await self._take(key, quota, units, is_charge=True)

    async def _take(self, key: str, quota: Quota, units: int, *, is_charge: bool) -> RateLimitDecision:
        decision: asyncio.Future[RateLimitDecision] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(key, quota, units, is_charge, decision))
        if self._deciding is None:
            self._deciding = asyncio.create_task(self._decide_while_any_wait())
        request = current_request()
        if request is None or request.span is None:
            return await decision
        return await _recorded(request.span, decision)

    async def _decide_while_any_wait(self) -> None:
        request = current_request()
        if request is not None and request.span is not None:
            # Each request records a span of its own. The batch belongs to many requests, some of which arrive later.
            enter_request(replace(request, span=None))
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                # Requests that were cancelled meanwhile are not counted.
                if pending := [request for request in batch if not request.decision.done()]:
                    await self._decide(pending)
        finally:
            self._deciding = None

    async def _decide(self, batch: list[_Request]) -> None:
        try:
            async with BusyLoopTimeout(self._decision_s):
                answers = await self._run(batch)
        except (RedisError, OSError, TimeoutError) as exc:
            # The requests of the next batch have waited as well, and would fail the same way.
            failed, self._waiting = [*batch, *self._waiting], []
            for request in failed:
                if not request.decision.done():
                    request.decision.set_exception(RateLimiterUnavailable(type(exc).__name__))
            return
        for index, request in enumerate(batch):
            if not request.decision.done():
                begin = index * _ANSWER_LENGTH
                request.decision.set_result(_decision(answers[begin : begin + _ANSWER_LENGTH]))

    async def _run(self, batch: list[_Request]) -> list[int]:
        keys = [request.key for request in batch]
        quotas = [number for request in batch for number in _arguments(request)]
        try:
            return await self._evaluate(keys, quotas)
        except RedisConnectionError:
            # The store has closed the connection, usually an idle one, before it read the command. If only the answer
            # was lost, the requests count twice; refusing all of them would cost their clients more.
            return await self._evaluate(keys, quotas)

    async def _evaluate(self, keys: list[str], quotas: list[int]) -> list[int]:
        try:
            answers: list[int] = await self._client.evalsha(_SCRIPT_ID, len(keys), *keys, *quotas)
        except NoScriptError:
            # A fresh or restarted store: EVAL runs the script and keeps it.
            answers = await self._client.eval(_SCRIPT, len(keys), *keys, *quotas)
        return answers


def _arguments(request: _Request) -> tuple[int, int, int, int]:
    return request.quota.interval_us, request.quota.burst_us, request.units, int(request.is_charge)


async def _recorded(within: RecordedSpan, decision: asyncio.Future[RateLimitDecision]) -> RateLimitDecision:
    """Returns the decision, and records the wait for it, with that for the previous batch, as a span."""
    span = begin_span(within, attributes_of("redis", "EVALSHA"))
    failure: str | None = asyncio.CancelledError.__name__
    try:
        decided = await decision
        failure = None
    except RateLimiterUnavailable as exc:
        failure = str(exc)  # the name of a type
        raise
    finally:
        span.end(failure)
    return decided


def _decision(answer: list[int]) -> RateLimitDecision:
    allowed, remaining, retry_after_ms, reset_after_ms = answer
    return RateLimitDecision(bool(allowed), remaining, retry_after_ms / 1000, reset_after_ms / 1000)
