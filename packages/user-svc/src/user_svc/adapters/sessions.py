"""The live sessions, in Redis: a hash for each, and a list for each user (a sorted set by the time of login).

Redis is not trusted to admit a client (see lua/prelude.lua). It supplies the counter of a session's newest key, and
whether the session was ended. The end of a session is recorded in PostgreSQL before the script that ends it runs, and
the script publishes it atomically. The clock is the server's, so that replicas agree.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from loguru import logger
from redis.asyncio import Redis
from service_kit.telemetry.metrics import from_zero, meter
from service_kit.tokens.revocation_stream import STREAM

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.redis_client import load_script
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.ports import EndedSessions
from user_svc.domain.session import (
    MAX_SESSIONS_OF_USER,
    HeldSession,
    ListedSession,
    NewSession,
    SessionPolicy,
    SessionUse,
)
from user_svc.domain.session_key import SessionKey

#: A User-Agent is truncated to this many characters: users recognise their browser by less.
_AGENT_MAX = 512


class RedisSessions:
    """The port Sessions.

    ended: the record of ended sessions. policy: the same for every replica. tokens_live_s: how long a token may still
    be accepted after the end of its session, in seconds.
    """

    def __init__(self, redis: Redis, ended: EndedSessions, policy: SessionPolicy, tokens_live_s: float) -> None:
        self._redis = redis
        self._ended = ended
        self._idle_ms = round(policy.idle_ttl_s * 1000)
        self._absolute_ms = round(policy.absolute_ttl_s * 1000)
        self._grace_ms = round(policy.grace_s * 1000)
        self._key_lifetime_ms = round(policy.key_lifetime_s(tokens_live_s) * 1000)
        self._tokens_live_ms = round(tokens_live_s * 1000)
        self._open, self._renew = load_script(redis, "open"), load_script(redis, "renew")
        self._touch, self._list = load_script(redis, "touch"), load_script(redis, "list")
        self._end = load_script(redis, "end")
        self._renewals = meter("user_svc.sessions").create_counter(
            "user_svc.session.renewals", unit="{renewal}", description="Session keys presented for renewal, by outcome"
        )
        from_zero(self._renewals, {"outcome": "reused"}, {"outcome": "foreign"})

    async def open(self, session: NewSession) -> HeldSession:
        session_id, user_id = session.session_id, session.user_id
        about = (session_id, user_id, session.address, session.agent[:_AGENT_MAX])
        limits = (self._idle_ms, self._absolute_ms, MAX_SESSIONS_OF_USER)
        arguments: list[str | int] = [*about, *limits, session.password_version]
        with redis_errors():
            now, ttl, too_many = await self._open([_key(session_id), _list_key(user_id)], arguments)
        if too_many:
            await self._end_sessions(user_id, too_many)
        key = SessionKey(session_id, 1, user_id, session.password_version, now, now + self._absolute_ms)
        return HeldSession(key, _seconds(ttl), rotated=True)

    async def renew(self, key: SessionKey, use: SessionUse) -> HeldSession:
        facts = (key.user_id, key.counter, key.issued_at_ms, key.ends_at_ms)
        limits = (self._idle_ms, self._grace_ms, self._key_lifetime_ms)
        client = (use.address, use.agent[:_AGENT_MAX])
        with redis_errors():
            outcome, *rest = await self._renew([_key(key.session_id)], [*facts, *limits, *client])
        if outcome == "reused" and not await self.end(key.session_id, key.user_id):
            outcome = "invalid"  # a concurrent renewal has ended the session, and reports it
        self._renewals.add(1, {"outcome": outcome})
        if outcome == "reused":
            raise SessionReusedError(key.session_id, key.user_id)
        if outcome == "foreign":
            logger.bind(session_id=key.session_id).error("session refused: its redis hash is foreign or damaged")
        if outcome not in {"rotated", "repeated"}:
            raise SessionInvalidError
        counter, issued_at_ms, ttl = rest
        newest = replace(key, counter=counter, issued_at_ms=issued_at_ms)
        return HeldSession(newest, _seconds(ttl), rotated=outcome == "rotated")

    async def touch(self, session_id: str, user_id: str, use: SessionUse) -> bool:
        about = (user_id, use.counter or 0, self._idle_ms, use.address, use.agent[:_AGENT_MAX])
        with redis_errors():
            return bool(await self._touch([_key(session_id)], about))

    async def is_live(self, session_id: str, user_id: str) -> bool:
        with redis_errors():
            return bool(await self._redis.hget(_key(session_id), "user_id") == user_id)

    async def list_of_user(self, user_id: str) -> list[ListedSession]:
        with redis_errors():
            live: list[Any] = await self._list([_list_key(user_id)], [user_id])
        listed = [
            ListedSession(session_id, _time(created), _time(used), address, agent)
            for session_id, created, used, address, agent, _ in live
        ]
        return sorted(listed, key=lambda session: session.last_used_at, reverse=True)

    async def end(self, session_id: str, user_id: str) -> bool:
        # The check keeps made-up ids and other users' sessions out of the record.
        return await self.is_live(session_id, user_id) and bool(await self._end_sessions(user_id, [session_id]))

    async def end_all(self, user_id: str, *, but: str | None = None) -> list[str]:
        listed = await self.list_of_user(user_id)
        return await self._end_sessions(user_id, [each.session_id for each in listed if each.session_id != but])

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        with redis_errors():
            live: list[Any] = await self._list([_list_key(user_id)], [user_id])
        outdated = [session_id for session_id, *_, version in live if int(version) < password_version]
        await self._end_sessions(user_id, outdated)

    async def _end_sessions(self, user_id: str, session_ids: Sequence[str]) -> list[str]:
        """Ends those of these sessions that are live and the user's; returns their ids."""
        if not session_ids:
            return []
        await self._ended.add(session_ids)
        with redis_errors():
            ended: list[str] = await self._end(
                [_list_key(user_id), STREAM], [user_id, self._tokens_live_ms, *session_ids]
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
