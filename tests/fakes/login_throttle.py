"""The port LoginThrottle in memory, in a few plain lines: the model of the Lua scripts."""

from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.login_attempt import (
    BUCKET_TTL_S,
    FAMILIAR_NETWORK_TTL_S,
    MAX_FAMILIAR_NETWORKS,
    AttemptDecision,
    Bucket,
    LoginAttempt,
    LoginThrottlePolicy,
)


class _Failures:
    """One bucket: the times of its attempts, by their ids."""

    def __init__(self, free: int, policy: LoginThrottlePolicy) -> None:
        self.policy = policy
        self.free = free
        self.came_at: dict[str, float] = {}
        self.forgotten_at = 0.0
        self.noted_until = 0.0

    def delay_s(self) -> float:
        beyond = len(self.came_at) - self.free
        return min(self.policy.first_delay_s * 2 ** (beyond - 1), self.policy.longest_delay_s) if beyond > 0 else 0.0

    def over_at(self) -> float:
        return max(self.came_at.values(), default=0.0) + self.delay_s()


class InMemoryLoginThrottle:
    """now: the time in Unix seconds, which tests move. away: raise as if the store was unavailable."""

    def __init__(self, policy: LoginThrottlePolicy) -> None:
        self.now = 1_800_000_000.0
        self.away = False
        self._policy = policy
        self._buckets: dict[tuple[str, str], _Failures] = {}
        self._familiar_until: dict[str, dict[str, float]] = {}

    async def begin(self, attempt: LoginAttempt) -> AttemptDecision:
        self._check_reachable()
        buckets = self._counted_in(attempt)
        if attempt.attempt_id in buckets[Bucket.ACCOUNT].came_at:
            return AttemptDecision()
        waits = {bucket: held.over_at() - self.now for bucket, held in buckets.items()}
        refused_by = next((bucket for bucket, wait_s in waits.items() if wait_s > 0), None)
        if refused_by is not None:
            held = buckets[refused_by]
            is_first = held.noted_until <= self.now
            held.noted_until = self.now + waits[refused_by] if is_first else held.noted_until
            return AttemptDecision(refused_by, max(waits.values()), is_first)
        for held in buckets.values():
            held.came_at[attempt.attempt_id] = self.now
            held.forgotten_at = held.over_at() + BUCKET_TTL_S
        return AttemptDecision()

    async def succeed(self, attempt: LoginAttempt) -> None:
        self._check_reachable()
        for key in ((attempt.account, ""), (attempt.account, attempt.network)):
            held = self._buckets.get(key)
            if held is not None and attempt.attempt_id in held.came_at:
                held.came_at.clear()
        if attempt.network:
            self._bucket("", attempt.network, 0).came_at.pop(attempt.attempt_id, None)
            familiar = self._familiar_until.setdefault(attempt.account, {})
            familiar[attempt.network] = self.now + FAMILIAR_NETWORK_TTL_S
            if len(familiar) > MAX_FAMILIAR_NETWORKS:
                del familiar[min(familiar, key=familiar.__getitem__)]

    async def take_back(self, attempt: LoginAttempt) -> None:
        self._check_reachable()
        for held in self._buckets.values():
            held.came_at.pop(attempt.attempt_id, None)

    def _counted_in(self, attempt: LoginAttempt) -> dict[Bucket, _Failures]:
        familiar = self._familiar_until.get(attempt.account, {}).get(attempt.network, 0.0) > self.now
        own = self._bucket(attempt.account, attempt.network if familiar else "", self._policy.free_per_account)
        if not attempt.network:
            return {Bucket.ACCOUNT: own}
        return {Bucket.ACCOUNT: own, Bucket.ADDRESS: self._bucket("", attempt.network, self._policy.free_per_address)}

    def _bucket(self, account: str, network: str, free: int) -> _Failures:
        held = self._buckets.setdefault((account, network), _Failures(free, self._policy))
        held.free = free or held.free
        if held.forgotten_at <= self.now:
            held.came_at.clear()
        return held

    def _check_reachable(self) -> None:
        if self.away:
            raise DependencyUnavailableError("redis")
