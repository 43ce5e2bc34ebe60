"""The login throttle in Redis against its model: for actions in any order, both return the same.

Time passes by moving the times that Redis has stored into the past, not by sleeping; and back again by the duration of
the test, so that the clock stands still between the steps.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from redis.asyncio import Redis
from user_svc.adapters.login_throttle import RedisLoginThrottle
from user_svc.domain.login_attempt import AttemptDecision, LoginAttempt, LoginThrottlePolicy

from tests.fakes.login_throttle import InMemoryLoginThrottle
from tests.running.aged_logins import age_logins
from tests.running.servers import RunningRedis

#: Every delay and lifetime ends at a multiple of 300 s.
TERMS = LoginThrottlePolicy(free_per_account=2, free_per_address=4, first_delay_s=600, longest_delay_s=4800)
STEP_COUNT = 40
#: Every sum of steps is at least 7 s off such a multiple, so that the duration of a test does not matter.
STEPS_S = [7 + 300 * intervals for intervals in (0, 1, 2, 4, 16, 20, 288 * 60)]
CLOSE_S = 5
ACCOUNTS = st.integers(0, 2)
NETWORKS = st.integers(0, 2)

T = TypeVar("T")


def comparable(decision: AttemptDecision) -> tuple[object, ...]:
    """Returns the values on which both must agree; the clock may advance a little within a step."""
    return (decision.refused_by, decision.is_first, pytest.approx(decision.retry_after_s, abs=CLOSE_S))


class Throttling(RuleBasedStateMachine):
    """Owners, attackers and a clock, on both stores at once."""

    url = ""
    begun = Bundle("begun")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(self.url, decode_responses=True)
        self.real, self.model = RedisLoginThrottle(self.redis, TERMS), InMemoryLoginThrottle(TERMS)
        self.world = secrets.token_hex(4)
        self.stopped_at_s = self.run(self.clock_s())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(age_logins(self.redis, 365 * 86400))  # expires everything, so that the next example starts empty
            self.run(self.redis.aclose())
            self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    async def clock_s(self) -> float:
        seconds, microseconds = await self.redis.time()
        return float(seconds + microseconds / 1e6)

    def stop_the_clock(self) -> None:
        now_s = self.run(self.clock_s())
        self.run(age_logins(self.redis, self.stopped_at_s - now_s))
        self.stopped_at_s = now_s

    def attempt(self, account: int, network: int) -> LoginAttempt:
        """Network 0 stands for an unknown address."""
        attempt = LoginAttempt.of(f"{account}@{self.world}.example", "")
        where = f"{self.world}:{network}" if network else ""
        return LoginAttempt(attempt.attempt_id, attempt.account, where)

    @rule(target=begun, account=ACCOUNTS, network=NETWORKS)
    def begin(self, account: int, network: int) -> LoginAttempt:
        attempt = self.attempt(account, network)
        self.begin_again(attempt)
        return attempt

    @rule(attempt=begun)
    def begin_again(self, attempt: LoginAttempt) -> None:
        self.stop_the_clock()
        assert comparable(self.run(self.real.begin(attempt))) == comparable(self.run(self.model.begin(attempt)))

    @rule(account=ACCOUNTS, network=NETWORKS, callers=st.integers(2, 5))
    def begin_at_once(self, account: int, network: int, callers: int) -> None:
        attempts = [self.attempt(account, network) for _ in range(callers)]

        async def together() -> list[AttemptDecision]:
            return await asyncio.gather(*(self.real.begin(attempt) for attempt in attempts))

        self.stop_the_clock()
        decisions = self.run(together())
        # The model gets them in the order of Redis: the admitted ones first, since those after them are refused.
        in_turn = sorted(range(callers), key=lambda i: (decisions[i].refused_by is not None, not decisions[i].is_first))
        for i in in_turn:
            assert comparable(decisions[i]) == comparable(self.run(self.model.begin(attempts[i])))

    @rule(attempt=begun)
    def succeed(self, attempt: LoginAttempt) -> None:
        self.stop_the_clock()
        for store in (self.real, self.model):
            self.run(store.succeed(attempt))

    @rule(attempt=begun)
    def take_back(self, attempt: LoginAttempt) -> None:
        for store in (self.real, self.model):
            self.run(store.take_back(attempt))

    @rule(seconds=st.sampled_from(STEPS_S))
    def pass_time(self, seconds: int) -> None:
        self.model.now += seconds
        self.run(age_logins(self.redis, seconds))


@pytest.mark.timeout(400)  # thousands of round trips, and more when a failure is shrunk
def test_throttle_in_redis_behaves_as_its_model(redis_server: RunningRedis) -> None:
    class Machine(Throttling):
        url = redis_server.url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=STEP_COUNT,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
