"""Session renewal in Redis against its model: whatever is done in whatever order, both give the same answers.

Time is not slept away: what Redis remembers of it is moved into the past instead.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule
from redis.asyncio import Redis
from user_svc.adapters.ids import new_id
from user_svc.adapters.sessions import RedisSessions
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.ports import Sessions
from user_svc.domain.session import SessionTerms
from user_svc.domain.session_key import SessionKey

from tests.examples.users import a_session
from tests.fakes.sessions import InMemorySessions
from tests.integration.sessions.clock import age
from tests.integration.sessions.long_runs import run_machine
from tests.running.servers import RunningRedis

#: In whole minutes, so that the milliseconds that a test takes decide nothing.
TERMS = SessionTerms(idle_ttl_s=6000, absolute_ttl_s=60000, grace_s=600)
#: Well off the grace and the idle life. The clock is also set back, by what no sum of the others makes up for.
STEPS_S = [0, 60, 330, 900, 4000, 7000, -1237]

T = TypeVar("T")


async def outcome(store: Sessions, key: SessionKey) -> tuple[object, ...]:
    """What a renewal comes to, in values that both stores must agree on."""
    try:
        renewed = await store.renew(key)
    except SessionInvalidError:
        return ("invalid",)
    except SessionReusedError as reused:
        return ("reused", reused.session_id, reused.user_id)
    return ("renewed", renewed.session_id, renewed.user_id, renewed.counter, renewed.rotated)


class Renewal(RuleBasedStateMachine):
    """A client, a thief and a clock, on both stores at once."""

    url = ""
    opened = Bundle("opened")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(self.url, decode_responses=True)
        self.real, self.model = RedisSessions(self.redis, TERMS, tokens_live_s=60), InMemorySessions(TERMS)
        self.owners: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.redis.aclose())
            self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(target=opened)
    def open(self) -> str:
        session = a_session(new_id())
        self.owners[session.session_id] = session.user_id
        held = [self.run(store.open(session)) for store in (self.real, self.model)]
        assert held[0].counter == held[1].counter == 1
        return session.session_id

    @rule(session_id=opened, counter=st.integers(1, 6))
    def renew(self, session_id: str, counter: int) -> None:
        key = SessionKey(session_id, counter)
        assert self.run(outcome(self.real, key)) == self.run(outcome(self.model, key))

    @rule(session_id=opened)
    def renew_as_the_client_does(self, session_id: str) -> None:
        kept = self.model._sessions.get(session_id)
        self.renew(session_id, kept.counter if kept is not None else 1)

    @rule(session_id=opened, counter=st.integers(1, 6), callers=st.integers(2, 8))
    def renew_at_once(self, session_id: str, counter: int, callers: int) -> None:
        key = SessionKey(session_id, counter)

        async def together() -> list[tuple[object, ...]]:
            return await asyncio.gather(*(outcome(self.real, key) for _ in range(callers)))

        expected = [self.run(outcome(self.model, key)) for _ in range(callers)]
        assert sorted(self.run(together()), key=repr) == sorted(expected, key=repr)

    @rule(session_id=opened, counter=st.one_of(st.none(), st.integers(1, 6)))
    def touch(self, session_id: str, counter: int | None) -> None:
        touched = [self.run(store.touch(session_id, self.owners[session_id], counter)) for store in self.stores]
        assert touched[0] == touched[1]

    @rule(session_id=opened)
    def end(self, session_id: str) -> None:
        ended = [self.run(store.end(session_id)) for store in self.stores]
        assert ended[0] == ended[1]

    @rule(seconds=st.sampled_from(STEPS_S))
    def pass_time(self, seconds: int) -> None:
        self.model.pass_time(seconds)
        self.run(age(self.redis, list(self.owners), seconds))

    @rule(session_id=opened)
    def agree_on_what_lives(self, session_id: str) -> None:
        owner = self.owners[session_id]
        assert self.run(self.real.lives(session_id, owner)) == self.run(self.model.lives(session_id, owner))

    @property
    def stores(self) -> tuple[Sessions, Sessions]:
        return self.real, self.model


def test_renewal_in_redis_is_its_model(redis_server: RunningRedis) -> None:
    class RenewalInRedis(Renewal):
        url = redis_server.url

    run_machine(RenewalInRedis, examples=60, steps=30, share=0.2)
