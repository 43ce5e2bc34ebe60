"""The rate limiter that all gateways share, in Redis."""

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

from gateway.limits.limiter import Admission, LimiterUnavailable
from gateway.limits.patience import Patience
from gateway.limits.quota import Quota

#: What a decision may cost (seconds). An answer takes one millisecond; and a Redis that is away must not add more than
#: 100 ms to any request, of which some are the gateway's own.
_DECISION_S = 0.08
#: Of that, how long a connection that lay idle may take to show that it lives; the rest is for a new one.
_PING_TIMEOUT_S = 0.025

_SCRIPT = files("gateway.limits").joinpath("gcra.lua").read_text(encoding="utf-8")
_SCRIPT_ID = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_ANSWER_LENGTH = 4
#: An interval and a burst of a microsecond; one unit, to be admitted.
_CHECK_ARGUMENTS = (1, 1, 1, 0)
#: The store does nothing else while it decides on a batch: some 5 µs a request.
_LARGEST_BATCH = 256
_WARM_UP_TRIES = 5
#: It lives for a millisecond.
_CHECK_KEY = "rl:check"
#: For a connection, its handshake and the script; a request waits for none of them.
_CHECK_S = 1.0


def limiter_client(url: str) -> Redis:
    """A client fit for the limiter, which decides itself how long to wait and whether to send a command again."""
    pool = LivePool.from_url(
        url,
        ping_timeout_s=_PING_TIMEOUT_S,
        socket_timeout=None,
        socket_connect_timeout=_CHECK_S,
        retry=Retry(NoBackoff(), 0),
        # Its handshake is the shortest, and a count needs no more.
        protocol=2,
    )
    return TimedRedis.from_pool(pool)


@dataclass(frozen=True, slots=True)
class _Asked:
    key: str
    quota: Quota
    units: int
    is_charge: bool
    answer: asyncio.Future[Admission]


class RedisLimiter:
    """GCRA as one atomic script, for all requests that came while the script ran for those before them.

    A question to the store costs a gateway ten times what one request more in it does. A request that comes alone is
    asked for at once; under load, the batches grow by themselves.

    client: as `limiter_client` makes it; closed by its owner.
    decision_s: how long a batch may take, connecting included, in seconds. When one takes longer, all fail that wait.
    """

    def __init__(self, client: Redis, decision_s: float = _DECISION_S) -> None:
        self._client = client
        self._decision_s = decision_s
        self._waiting: list[_Asked] = []
        self._asking: asyncio.Task[None] | None = None

    async def warm_up(self) -> None:
        """Connect and hand the script over, so that the first request need not; no loss if Redis is away."""
        for _ in range(_WARM_UP_TRIES):
            with suppress(LimiterUnavailable):
                await self.check()
                return

    async def check(self) -> None:
        """Connect, hand the script over and decide on a bucket of its own: a store may answer and refuse to write.

        LimiterUnavailable: it does not answer, or refuses; the text says which.
        """
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._client.script_load(_SCRIPT)
                await self._client.evalsha(_SCRIPT_ID, 1, _CHECK_KEY, *_CHECK_ARGUMENTS)
        except (RedisError, OSError, TimeoutError) as exc:
            raise LimiterUnavailable(describe_redis_failure(exc)) from exc

    async def check_ready(self) -> None:
        """For readiness: `check`, and whether the store is of a version that the platform works with."""
        await self.check()
        async with asyncio.timeout(_CHECK_S):
            await check_version(self._client)

    async def admit(self, key: str, quota: Quota) -> Admission:
        """Take one request out of the quota. LimiterUnavailable: Redis did not answer in time, or not sensibly."""
        return await self._take(key, quota, 1, is_charge=False)

    async def charge(self, key: str, quota: Quota, units: int) -> Admission:
        """Take ``units`` out of the quota, whether they are left or not. LimiterUnavailable: as above."""
        return await self._take(key, quota, units, is_charge=True)

    async def _take(self, key: str, quota: Quota, units: int, *, is_charge: bool) -> Admission:
        answer: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(key, quota, units, is_charge, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_while_any_wait())
        request = current_request()
        if request is None or request.span is None:
            return await answer
        return await _recorded(request.span, answer)

    async def _ask_while_any_wait(self) -> None:
        request = current_request()
        if request is not None and request.span is not None:
            # Each who asks has a step of its own on record. The batch is asked for many, some of them after this one.
            enter_request(replace(request, span=None))
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                # Whoever has given up meanwhile is not counted.
                if still_waiting := [asked for asked in batch if not asked.answer.done()]:
                    await self._ask(still_waiting)
        finally:
            self._asking = None

    async def _ask(self, batch: list[_Asked]) -> None:
        try:
            async with Patience(self._decision_s):
                answers = await self._run(batch)
        except (RedisError, OSError, TimeoutError) as exc:
            # Those who wait for their turn have waited as well; and they would hear the same.
            failed, self._waiting = [*batch, *self._waiting], []
            for asked in failed:
                if not asked.answer.done():
                    asked.answer.set_exception(LimiterUnavailable(type(exc).__name__))
            return
        for index, asked in enumerate(batch):
            if not asked.answer.done():
                begin = index * _ANSWER_LENGTH
                asked.answer.set_result(_admission(answers[begin : begin + _ANSWER_LENGTH]))

    async def _run(self, batch: list[_Asked]) -> list[int]:
        keys = [asked.key for asked in batch]
        quotas = [number for asked in batch for number in _arguments(asked)]
        try:
            return await self._evaluate(keys, quotas)
        except RedisConnectionError:
            # The store has closed the connection, idle as a rule, before it read the command. Where only the answer was
            # lost, the requests count twice; to refuse all of them would cost their clients more.
            return await self._evaluate(keys, quotas)

    async def _evaluate(self, keys: list[str], quotas: list[int]) -> list[int]:
        try:
            answers: list[int] = await self._client.evalsha(_SCRIPT_ID, len(keys), *keys, *quotas)
        except NoScriptError:
            # A fresh or restarted store: EVAL runs the script and keeps it.
            answers = await self._client.eval(_SCRIPT, len(keys), *keys, *quotas)
        return answers


def _arguments(asked: _Asked) -> tuple[int, int, int, int]:
    return asked.quota.interval_us, asked.quota.burst_us, asked.units, int(asked.is_charge)


async def _recorded(within: RecordedSpan, answer: asyncio.Future[Admission]) -> Admission:
    """The answer, with the wait for it as a step of the request: for the batch before it as well."""
    step = begin_span(within, attributes_of("redis", "EVALSHA"))
    failure: str | None = asyncio.CancelledError.__name__
    try:
        admission = await answer
        failure = None
    except LimiterUnavailable as exc:
        failure = str(exc)  # the name of a type
        raise
    finally:
        step.end(failure)
    return admission


def _admission(answer: list[int]) -> Admission:
    allowed, remaining, retry_after_ms, reset_after_ms = answer
    return Admission(bool(allowed), remaining, retry_after_ms / 1000, reset_after_ms / 1000)
