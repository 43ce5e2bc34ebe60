"""Session renewal in Redis against its model: for actions in any order, both return the same.

Time passes by moving the times that Redis has stored into the past, not by sleeping.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule
from redis.asyncio import Redis
from user_svc.adapters.ids import new_id
from user_svc.adapters.sessions import RedisSessions
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.ports import Sessions
from user_svc.domain.session import SessionPolicy, SessionUse
from user_svc.domain.session_key import SessionKey

from tests.examples.users import a_session
from tests.fakes.sessions import InMemoryEndedSessions, InMemorySessions
from tests.integration.sessions.clock import age, hash_of
from tests.integration.sessions.long_runs import run_machine
from tests.running.servers import RunningRedis

#: In whole minutes, so that the milliseconds that a test takes do not matter.
TERMS = SessionPolicy(idle_ttl_s=6000, absolute_ttl_s=60000, grace_s=600)
TOKENS_LIVE_S = 77
USE = SessionUse(None, "192.0.2.7", "Lynx/2.9")
#: No sum is near the grace, the idle lifetime or the lifetime of keys. The clock is also set back, by a step that no
#: sum of the others cancels.
STEPS_S = [0, 60, 330, 900, 4000, 7000, -1237]

T = TypeVar("T")


#: One key, as the store in Redis made it and as the model did.
Keys = tuple[SessionKey, SessionKey]


def moved(key: SessionKey, seconds: int) -> SessionKey:
    """Returns the key as if it had been made that much later."""
    return replace(key, issued_at_ms=key.issued_at_ms + seconds * 1000, ends_at_ms=key.ends_at_ms + seconds * 1000)


async def outcome(store: Sessions, key: SessionKey, made: list[SessionKey]) -> tuple[object, ...]:
    """Returns the result of a renewal as values on which both stores must agree; appends its key to ``made``."""
    try:
        renewed = await store.renew(key, USE)
    except SessionInvalidError:
        return ("invalid",)
    except SessionReusedError as reused:
        return ("reused", reused.session_id, reused.user_id)
    made.append(renewed.key)
    return ("renewed", renewed.session_id, renewed.key.user_id, renewed.key.counter, renewed.rotated)


class Renewal(RuleBasedStateMachine):
    """A client, a thief and a clock, on both stores at once."""

    url = ""
    opened = Bundle("opened")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(self.url, decode_responses=True)
        self.real = RedisSessions(self.redis, InMemoryEndedSessions(), TERMS, tokens_live_s=TOKENS_LIVE_S)
        self.model = InMemorySessions(TERMS, tokens_live_s=TOKENS_LIVE_S)
        self.owners: dict[str, str] = {}
        self.offset_s = 0
        #: By session and counter: the key as each store made it, on the clock of the machine's start.
        self.keys: dict[tuple[str, int], Keys] = {}

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
        assert held[0].key.counter == held[1].key.counter == 1
        self.keys[session.session_id, 1] = (moved(held[0].key, self.offset_s), held[1].key)
        return session.session_id

    @rule(session_id=opened, counter=st.integers(1, 6))
    def renew(self, session_id: str, counter: int) -> None:
        real, model = self.key(session_id, counter)
        made: list[SessionKey] = []
        assert self.run(outcome(self.real, real, made)) == self.run(outcome(self.model, model, made))
        self.keep(made)

    @rule(session_id=opened)
    def renew_as_the_client_does(self, session_id: str) -> None:
        kept = self.model._sessions.get(session_id)
        self.renew(session_id, kept.counter if kept is not None else 1)

    @rule(session_id=opened, counter=st.integers(1, 6), callers=st.integers(2, 8))
    def renew_at_once(self, session_id: str, counter: int, callers: int) -> None:
        real, model = self.key(session_id, counter)
        made: list[SessionKey] = []
        given: list[SessionKey] = []

        async def together() -> list[tuple[object, ...]]:
            return await asyncio.gather(*(outcome(self.real, real, made) for _ in range(callers)))

        expected = [self.run(outcome(self.model, model, given)) for _ in range(callers)]
        assert sorted(self.run(together()), key=repr) == sorted(expected, key=repr)
        assert len(set(made)) <= 1, "one successor for all"
        self.keep(made[:1] + given[:1])

    @rule(session_id=opened, other=opened, counter=st.integers(1, 6))
    def renew_with_a_swapped_hash(self, session_id: str, other: str, counter: int) -> None:
        """With another user's hash in place of the session's, neither user's session is renewed."""
        if session_id == other or not self.run(self.both_live(session_id, other)):
            return
        ids = [hash_of(session_id), hash_of(other)]
        self.run(self.swap(ids))
        for each in (session_id, other):
            real, _ = self.key(each, counter)
            assert self.run(outcome(self.real, real, [])) == ("invalid",)
            assert not self.run(self.real.touch(each, self.owners[each], USE))
        self.run(self.swap(ids))

    async def both_live(self, *session_ids: str) -> bool:
        return all([await self.real.is_live(each, self.owners[each]) for each in session_ids])

    async def swap(self, keys: list[str]) -> None:
        await self.redis.rename(keys[0], "{sessions}:aside")
        await self.redis.rename(keys[1], keys[0])
        await self.redis.rename("{sessions}:aside", keys[1])

    def key(self, session_id: str, counter: int) -> Keys:
        """Returns the key as each store would receive it now; one that was never made has the facts of the first."""
        real, model = self.keys.get((session_id, counter), self.keys[session_id, 1])
        return moved(replace(real, counter=counter), -self.offset_s), replace(model, counter=counter)

    def keep(self, made: list[SessionKey]) -> None:
        """Keeps the keys that a renewal returned in both stores; the model's is the last."""
        if made:
            real, model = made
            self.keys[real.session_id, real.counter] = (moved(real, self.offset_s), model)

    @rule(session_id=opened, counter=st.one_of(st.none(), st.integers(1, 6)))
    def touch(self, session_id: str, counter: int | None) -> None:
        use = replace(USE, counter=counter)
        touched = [self.run(store.touch(session_id, self.owners[session_id], use)) for store in self.stores]
        assert touched[0] == touched[1]

    @rule(session_id=opened)
    def end(self, session_id: str) -> None:
        ended = [self.run(store.end(session_id, self.owners[session_id])) for store in self.stores]
        assert ended[0] == ended[1]

    @rule(seconds=st.sampled_from(STEPS_S))
    def pass_time(self, seconds: int) -> None:
        self.model.pass_time(seconds)
        self.offset_s += seconds
        self.run(age(self.redis, list(self.owners), seconds))

    @rule(session_id=opened)
    def agree_on_what_lives(self, session_id: str) -> None:
        owner = self.owners[session_id]
        assert self.run(self.real.is_live(session_id, owner)) == self.run(self.model.is_live(session_id, owner))

    @property
    def stores(self) -> tuple[Sessions, Sessions]:
        return self.real, self.model


def test_renewal_in_redis_behaves_as_its_model(redis_server: RunningRedis) -> None:
    class RenewalInRedis(Renewal):
        url = redis_server.url

    run_machine(RenewalInRedis, examples=60, steps=30, share=0.2)
