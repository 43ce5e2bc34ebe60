"""The live sessions in Redis: a hash each, and a list of each user's (a sorted set by the time of login).

Each method is one Lua script, and a script that ends a session publishes that in the same moment, in the stream that
every gateway follows (service_kit.tokens.revocation_feed). The keys are all in one hash slot, by their tag. The clock
is the server's, so that replicas agree. Nothing kept here is a credential: a key's mac cannot be made from it.
"""

from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from service_kit.metrics import from_zero, meter
from service_kit.tokens.revocation_stream import STREAM

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.scripts import load_script
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.session import MAX_SESSIONS_OF_USER, HeldSession, ListedSession, NewSession, SessionTerms
from user_svc.domain.session_key import SessionKey

#: A User-Agent is kept for people to recognise their browser, not to the last character.
_AGENT_MAX = 512


class RedisSessions:
    """Lives by ``terms``; every replica must have the same.

    tokens_live_s: how long a token may still be accepted after the end of its session (seconds).
    """

    def __init__(self, redis: Redis, terms: SessionTerms, tokens_live_s: float) -> None:
        self._redis = redis
        self._idle_ms = round(terms.idle_ttl_s * 1000)
        self._absolute_ms = round(terms.absolute_ttl_s * 1000)
        self._grace_ms = round(terms.grace_s * 1000)
        self._tokens_live_ms = round(tokens_live_s * 1000)
        self._open, self._renew = load_script(redis, "open"), load_script(redis, "renew")
        self._touch, self._list = load_script(redis, "touch"), load_script(redis, "list")
        self._end, self._end_all = load_script(redis, "end"), load_script(redis, "end_all")
        self._end_outdated = load_script(redis, "end_outdated")
        self._end_others, self._confirm = load_script(redis, "end_others"), load_script(redis, "confirm")
        self._renewals = meter("user_svc.sessions").create_counter(
            "user_svc.session.renewals", unit="{renewal}", description="Session keys presented, by what became of them"
        )
        from_zero(self._renewals, {"outcome": "reused"})

    async def open(self, session: NewSession) -> HeldSession:
        session_id, user_id, version = session.session_id, session.user_id, session.password_version
        about = (session_id, user_id, version, session.address, session.agent[:_AGENT_MAX])
        limits = (self._idle_ms, self._absolute_ms, MAX_SESSIONS_OF_USER, self._tokens_live_ms)
        with redis_errors():
            ends, ttl = await self._open([_key(session_id), _list_key(user_id), STREAM], [*about, *limits])
        return HeldSession(session_id, user_id, version, 1, _seconds(ttl), _time(ends), rotated=True)

    async def renew(self, key: SessionKey) -> HeldSession:
        session_id = key.session_id
        limits = (self._idle_ms, self._grace_ms, self._tokens_live_ms)
        with redis_errors():
            outcome, *rest = await self._renew([_key(session_id), STREAM], [session_id, key.counter, *limits])
        self._renewals.add(1, {"outcome": outcome})
        if outcome == "reused":
            raise SessionReusedError(session_id, rest[0])
        if outcome == "invalid":
            raise SessionInvalidError
        user_id, counter, version, ends, ttl = rest
        rotated = outcome == "rotated"
        return HeldSession(session_id, user_id, version, counter, _seconds(ttl), _time(ends), rotated)

    async def touch(self, session_id: str, user_id: str, counter_in_use: int | None) -> bool:
        with redis_errors():
            return bool(await self._touch([_key(session_id)], [user_id, counter_in_use or 0, self._idle_ms]))

    async def lives(self, session_id: str, user_id: str) -> bool:
        with redis_errors():
            return bool(await self._redis.hget(_key(session_id), "user_id") == user_id)

    async def of_user(self, user_id: str) -> list[ListedSession]:
        with redis_errors():
            live: list[Any] = await self._list([_list_key(user_id)])
        listed = [
            ListedSession(session_id, _time(created), _time(used), address, agent)
            for session_id, created, used, address, agent in live
        ]
        return sorted(listed, key=lambda session: session.last_used_at, reverse=True)

    async def end(self, session_id: str, user_id: str | None = None) -> str | None:
        with redis_errors():
            owner: str | None = await self._end(
                [_key(session_id), STREAM], [session_id, user_id or "", self._tokens_live_ms]
            )
        return owner

    async def end_all(self, user_id: str) -> None:
        with redis_errors():
            await self._end_all([_list_key(user_id), STREAM], [user_id, self._tokens_live_ms])

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        with redis_errors():
            await self._end_outdated([_list_key(user_id), STREAM], [user_id, password_version, self._tokens_live_ms])

    async def confirm(self, session_id: str, user_id: str, password_version: int) -> None:
        with redis_errors():
            await self._confirm([_key(session_id)], [user_id, password_version])

    async def end_others(self, user_id: str, session_id: str, password_version: int) -> list[str]:
        keys = (_list_key(user_id), _key(session_id), STREAM)
        with redis_errors():
            ended: list[str] = await self._end_others(
                keys, [user_id, session_id, password_version, self._tokens_live_ms]
            )
        return ended


def _key(session_id: str) -> str:
    return f"{{sessions}}:id:{session_id}"


def _list_key(user_id: str) -> str:
    return f"{{sessions}}:user:{user_id}"


def _time(unix_ms: Any) -> datetime:
    return datetime.fromtimestamp(int(unix_ms) / 1000, UTC)


def _seconds(ms: int) -> int:
    return max(1, ms // 1000)
