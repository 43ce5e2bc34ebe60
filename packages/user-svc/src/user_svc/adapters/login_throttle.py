"""The buckets of failed attempts in Redis.

No email can be read there. The clock is the server's, so that replicas agree; all
keys have one tag, hence one hash slot, so that one script decides about an account and a network together.
"""

from redis.asyncio import Redis
from service_kit.telemetry.metrics import from_zero, meter

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.scripts import load_script
from user_svc.domain.login_attempt import (
    FAMILIAR_FOR_S,
    FORGOTTEN_AFTER_S,
    MOST_FAMILIAR,
    AttemptDecision,
    Bucket,
    LoginAttempt,
    ThrottleTerms,
)

_FORGOTTEN_AFTER_MS = FORGOTTEN_AFTER_S * 1000
_FAMILIAR_FOR_MS = FAMILIAR_FOR_S * 1000


class RedisLoginThrottle:
    """Lives by ``terms``; every replica should have the same."""

    def __init__(self, redis: Redis, terms: ThrottleTerms) -> None:
        self._redis = redis
        delays_ms = (round(terms.first_delay_s * 1000), round(terms.longest_delay_s * 1000))
        self._terms = (terms.free_per_account, terms.free_per_address, *delays_ms)
        self._begin, self._succeed = load_script(redis, "login_begin"), load_script(redis, "login_succeed")
        self._refused = meter("user_svc.logins").create_counter(
            "user_svc.login.refused", unit="{attempt}", description="Attempts refused because too many had failed"
        )
        from_zero(self._refused, *({"bucket": bucket.value} for bucket in Bucket))

    async def begin(self, attempt: LoginAttempt) -> AttemptDecision:
        arguments: list[str | int] = [attempt.attempt_id, *self._terms, _FORGOTTEN_AFTER_MS]
        arguments += (_FAMILIAR_FOR_MS, attempt.network)
        with redis_errors():
            refusal = await self._begin(_keys(attempt), arguments)
        if not refusal:
            return AttemptDecision()
        bucket, wait_ms, first = refusal
        self._refused.add(1, {"bucket": bucket})
        return AttemptDecision(Bucket(bucket), int(wait_ms) / 1000, bool(first))

    async def succeed(self, attempt: LoginAttempt) -> None:
        with redis_errors():
            await self._succeed(_keys(attempt), [attempt.attempt_id, _FAMILIAR_FOR_MS, attempt.network, MOST_FAMILIAR])

    async def take_back(self, attempt: LoginAttempt) -> None:
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                for bucket in _keys(attempt)[:3]:
                    pipeline.zrem(bucket, attempt.attempt_id)
                await pipeline.execute()


def _keys(attempt: LoginAttempt) -> list[str]:
    """The keys of the account; of the account from this network, of the network, and of what is familiar to it."""
    account, network = attempt.account, attempt.network
    keys = [f"{{logins}}:account:{account}"]
    if network:
        keys += [f"{{logins}}:pair:{account}:{network}", f"{{logins}}:address:{network}"]
        keys.append(f"{{logins}}:familiar:{account}")
    return keys
