"""The buckets of failed login attempts, in Redis.

Redis holds digests of emails only. The clock is the server's, so that replicas agree. All keys have one hash tag, hence
one slot, so that one script decides about an account and a network together.
"""

from redis.asyncio import Redis
from service_kit.telemetry.metrics import from_zero, meter

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.redis_client import load_script
from user_svc.domain.login_attempt import (
    BUCKET_TTL_S,
    FAMILIAR_NETWORK_TTL_S,
    MAX_FAMILIAR_NETWORKS,
    AttemptDecision,
    Bucket,
    LoginAttempt,
    LoginThrottlePolicy,
)

_BUCKET_TTL_MS = BUCKET_TTL_S * 1000
_FAMILIAR_NETWORK_TTL_MS = FAMILIAR_NETWORK_TTL_S * 1000


class RedisLoginThrottle:
    """The port LoginThrottle. policy: the same for every replica."""

    def __init__(self, redis: Redis, policy: LoginThrottlePolicy) -> None:
        self._redis = redis
        delays_ms = (round(policy.first_delay_s * 1000), round(policy.longest_delay_s * 1000))
        self._policy = (policy.free_per_account, policy.free_per_address, *delays_ms)
        self._begin, self._succeed = load_script(redis, "login_begin"), load_script(redis, "login_succeed")
        self._refused = meter("user_svc.logins").create_counter(
            "user_svc.login.refused", unit="{attempt}", description="Login attempts refused because too many had failed"
        )
        from_zero(self._refused, *({"bucket": bucket.value} for bucket in Bucket))

    async def begin(self, attempt: LoginAttempt) -> AttemptDecision:
        arguments: list[str | int] = [attempt.attempt_id, *self._policy, _BUCKET_TTL_MS]
        arguments += (_FAMILIAR_NETWORK_TTL_MS, attempt.network)
        with redis_errors():
            refusal = await self._begin(_keys(attempt), arguments)
        if not refusal:
            return AttemptDecision()
        bucket, wait_ms, is_first = refusal
        self._refused.add(1, {"bucket": bucket})
        return AttemptDecision(Bucket(bucket), int(wait_ms) / 1000, bool(is_first))

    async def succeed(self, attempt: LoginAttempt) -> None:
        arguments: list[str | int] = [
            attempt.attempt_id,
            _FAMILIAR_NETWORK_TTL_MS,
            attempt.network,
            MAX_FAMILIAR_NETWORKS,
        ]
        with redis_errors():
            await self._succeed(_keys(attempt), arguments)

    async def take_back(self, attempt: LoginAttempt) -> None:
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                for bucket in _keys(attempt)[:3]:
                    pipeline.zrem(bucket, attempt.attempt_id)
                await pipeline.execute()


def _keys(attempt: LoginAttempt) -> list[str]:
    """Returns the keys of the buckets of the account, of the account from this network and of the network, and the key
    of the account's familiar networks; only the first one without a network.
    """
    account, network = attempt.account, attempt.network
    keys = [f"{{logins}}:account:{account}"]
    if network:
        keys += [f"{{logins}}:pair:{account}:{network}", f"{{logins}}:address:{network}"]
        keys.append(f"{{logins}}:familiar:{account}")
    return keys
