"""The live sessions in Redis: a hash each, and a list of each user's (a sorted set by the time of login).

Whatever must be atomic is one Lua script on one key. The clock is the server's, so that replicas agree. Nothing
kept here is a credential: a key's mac cannot be made from it.
"""

from datetime import UTC, datetime
from importlib import resources
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from user_svc.adapters.driver_errors import redis_errors
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.session import MAX_SESSIONS_OF_USER, HeldSession, ListedSession, NewSession, SessionTerms
from user_svc.domain.session_key import SessionKey

#: How long a listed id without a session is taken for one that is just being opened.
_OPENING_MS = 60_000
_LISTED_FIELDS = ("created_at_ms", "last_used_at_ms", "ip", "user_agent")
#: A User-Agent is kept for people to recognise their browser, not to the last character.
_AGENT_MAX = 512


class RedisSessions:
    """Lives by ``terms``; every replica must have the same."""

    def __init__(self, redis: Redis, terms: SessionTerms) -> None:
        self._redis = redis
        self._idle_ms = round(terms.idle_ttl_s * 1000)
        self._absolute_ms = round(terms.absolute_ttl_s * 1000)
        self._grace_ms = round(terms.grace_s * 1000)
        self._list, self._open = _script(redis, "list"), _script(redis, "open")
        self._renew, self._touch = _script(redis, "renew"), _script(redis, "touch")
        self._end, self._confirm = _script(redis, "end"), _script(redis, "confirm")

    async def open(self, session: NewSession) -> HeldSession:
        index, session_id, user_id = _index(session.user_id), session.session_id, session.user_id
        with redis_errors():
            listed = await self._list([index], [session_id, self._absolute_ms])
            about = (user_id, session.password_version, session.address, session.agent[:_AGENT_MAX])
            _, ends, ttl = await self._open([_key(session_id)], [*about, self._idle_ms, self._absolute_ms])
            if int(listed) > MAX_SESSIONS_OF_USER:
                await self._make_room(user_id)
        version = session.password_version
        return HeldSession(session_id, user_id, version, 1, _seconds(ttl), _time(ends), rotated=True)

    async def renew(self, key: SessionKey) -> HeldSession:
        session_id = key.session_id
        with redis_errors():
            outcome, *rest = await self._renew([_key(session_id)], [key.counter, self._idle_ms, self._grace_ms])
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
            live = await self._live(user_id)
        listed = [
            ListedSession(session_id, _time(created), _time(used), address, agent)
            for session_id, (created, used, address, agent) in live.items()
        ]
        return sorted(listed, key=lambda session: session.last_used_at, reverse=True)

    async def end(self, session_id: str, user_id: str | None = None) -> str | None:
        with redis_errors():
            owner: str | None = await self._end([_key(session_id)], [user_id or ""])
            if owner is not None:
                await self._redis.zrem(_index(owner), session_id)
        return owner

    async def end_all(self, user_id: str) -> None:
        with redis_errors():
            await self._drop(user_id, [session_id for session_id, _ in await self._listed(user_id)])

    async def end_others(self, user_id: str, session_id: str, password_version: int) -> list[str]:
        with redis_errors():
            await self._confirm([_key(session_id)], [password_version])
            live = await self._live(user_id)
            await self._drop(user_id, [other for other, _ in await self._listed(user_id) if other != session_id])
        return [other for other in live if other != session_id]

    async def _make_room(self, user_id: str) -> None:
        live = await self._live(user_id)
        by_login = sorted(live, key=lambda session_id: int(live[session_id][0]))
        await self._drop(user_id, by_login[:-MAX_SESSIONS_OF_USER])

    async def _live(self, user_id: str) -> dict[str, list[Any]]:
        """The user's live sessions as id → _LISTED_FIELDS. Takes those that have ended off the list."""
        listed = await self._listed(user_id)
        pipeline = self._redis.pipeline(transaction=False)
        for session_id, _ in listed:
            pipeline.hmget(_key(session_id), *_LISTED_FIELDS)
        found = dict(zip(listed, await pipeline.execute(), strict=True)) if listed else {}
        newest = max((logged_in_ms for _, logged_in_ms in listed), default=0)
        ended = [sid for (sid, at), fields in found.items() if fields[0] is None and newest - at > _OPENING_MS]
        if ended:
            await self._redis.zrem(_index(user_id), *ended)
        return {sid: fields for (sid, _), fields in found.items() if fields[0] is not None}

    async def _listed(self, user_id: str) -> list[tuple[str, float]]:
        """The ids on the user's list, with the times of login in Unix milliseconds; the oldest first."""
        rows: list[Any] = await self._redis.zrange(_index(user_id), 0, -1, withscores=True)
        return [(session_id, logged_in_ms) for session_id, logged_in_ms in rows]

    async def _drop(self, user_id: str, session_ids: list[str]) -> None:
        if session_ids:
            pipeline = self._redis.pipeline(transaction=False)
            for session_id in session_ids:
                pipeline.delete(_key(session_id))
            pipeline.zrem(_index(user_id), *session_ids)
            await pipeline.execute()


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


def _key(session_id: str) -> str:
    return f"session:{{{session_id}}}"


def _index(user_id: str) -> str:
    return f"user_sessions:{{{user_id}}}"


def _time(unix_ms: Any) -> datetime:
    return datetime.fromtimestamp(int(unix_ms) / 1000, UTC)


def _seconds(ms: int) -> int:
    return max(1, ms // 1000)
