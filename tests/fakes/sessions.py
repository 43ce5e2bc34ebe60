"""The port Sessions in memory, in a few plain lines: the model of the Lua scripts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.session import (
    MAX_SESSIONS_OF_USER,
    EndedSession,
    EndedSessionPage,
    HeldSession,
    ListedSession,
    NewSession,
    SessionPolicy,
    SessionUse,
)
from user_svc.domain.session_key import SessionKey


@dataclass(slots=True)
class _Session:
    user_id: str
    created_at: float
    last_used_at: float
    rotated_at: float
    ends_at: float
    idle_until: float
    address: str
    agent: str
    password_version: int
    counter: int = 1
    presented: int = 0


class InMemorySessions:
    """now: the time, in Unix seconds, which tests move. away: raise as if the store was unavailable.

    published: the ids of sessions whose end was published, in that order.
    """

    def __init__(self, policy: SessionPolicy, tokens_live_s: float = 60) -> None:
        self.now = 1_800_000_000.0
        self.away = False
        self.published: list[str] = []
        self._policy = policy
        self._key_lifetime_s = policy.key_lifetime_s(tokens_live_s)
        self._sessions: dict[str, _Session] = {}

    def pass_time(self, seconds: float) -> None:
        """Sets the clock forward or back. Sessions that have expired before or after that are removed."""
        self._sessions = self._live()
        self.now += seconds
        self._sessions = self._live()

    async def open(self, session: NewSession) -> HeldSession:
        self._check_reachable()
        now, ends_at = self.now, self.now + self._policy.absolute_ttl_s
        about = (session.address, session.agent, session.password_version)
        kept = _Session(session.user_id, now, now, now, ends_at, ends_at, *about)
        self._sessions[session.session_id] = kept
        self._use(kept, SessionUse(None, session.address, session.agent))
        mine = [sid for sid, other in self._live().items() if other.user_id == session.user_id]
        for session_id in mine[:-MAX_SESSIONS_OF_USER]:
            self._end(session_id)
        key = SessionKey(session.session_id, 1, session.user_id, session.password_version, _ms(now), _ms(ends_at))
        return self._held(kept, key, rotated=True)

    async def renew(self, key: SessionKey, use: SessionUse) -> HeldSession:
        self._check_reachable()
        session = self._live().get(key.session_id)
        if session is None or session.user_id != key.user_id or key.counter > session.counter:
            raise SessionInvalidError
        if _ms(self.now) >= key.ends_at_ms or self.now - key.issued_at_ms / 1000 > self._key_lifetime_s:
            raise SessionInvalidError
        # After the clock was set back, the grace begins again now: it does not last until the clock has caught up.
        session.rotated_at = min(session.rotated_at, self.now)
        rotated = key.counter == session.counter
        if rotated:
            session.presented, session.rotated_at = key.counter, self.now
            session.counter += 1
        else:
            within_grace = self.now - session.rotated_at <= self._policy.grace_s
            lost = session.presented < session.counter
            if key.counter < session.counter - 1 or not (within_grace or lost):
                self._end(key.session_id)
                raise SessionReusedError(key.session_id, session.user_id)
        self._use(session, use)
        newest = replace(key, counter=session.counter, issued_at_ms=_ms(session.rotated_at))
        return self._held(session, newest, rotated=rotated)

    async def touch(self, session_id: str, user_id: str, use: SessionUse) -> bool:
        self._check_reachable()
        if not await self.is_live(session_id, user_id):
            return False
        session = self._sessions[session_id]
        if use.counter is not None and session.presented < use.counter <= session.counter:
            session.presented = use.counter
        self._use(session, use)
        return True

    async def is_live(self, session_id: str, user_id: str) -> bool:
        self._check_reachable()
        session = self._live().get(session_id)
        return session is not None and session.user_id == user_id

    async def list_of_user(self, user_id: str) -> list[ListedSession]:
        self._check_reachable()
        mine = [(sid, session) for sid, session in self._live().items() if session.user_id == user_id]
        mine.sort(key=lambda each: each[1].last_used_at, reverse=True)
        return [
            ListedSession(sid, _time(each.created_at), _time(each.last_used_at), each.address, each.agent)
            for sid, each in mine
        ]

    async def end(self, session_id: str, user_id: str) -> bool:
        if not await self.is_live(session_id, user_id):
            return False
        self._end(session_id)
        return True

    async def end_all(self, user_id: str, *, but: str | None = None) -> list[str]:
        ended = [each.session_id for each in await self.list_of_user(user_id) if each.session_id != but]
        for session_id in ended:
            self._end(session_id)
        return ended

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        for session in await self.list_of_user(user_id):
            if self._sessions[session.session_id].password_version < password_version:
                self._end(session.session_id)

    def _check_reachable(self) -> None:
        if self.away:
            raise DependencyUnavailableError("redis")

    def _end(self, session_id: str) -> None:
        del self._sessions[session_id]
        self.published.append(session_id)

    def _live(self) -> dict[str, _Session]:
        return {sid: session for sid, session in self._sessions.items() if session.idle_until > self.now}

    def _use(self, session: _Session, use: SessionUse) -> None:
        session.last_used_at = self.now
        if use.address:
            session.address, session.agent = use.address, use.agent
        session.idle_until = min(self.now + self._policy.idle_ttl_s, session.ends_at)

    def _held(self, session: _Session, key: SessionKey, *, rotated: bool) -> HeldSession:
        return HeldSession(key, max(1, int(session.idle_until - self.now)), rotated)


class InMemoryEndedSessions:
    """The record of ended sessions. recorded: their ids. away: raise as if the store was unavailable."""

    tokens_live_s = 3600.0

    def __init__(self) -> None:
        self.recorded: list[str] = []
        self.away = False

    async def add(self, session_ids: Sequence[str]) -> None:
        if self.away:
            raise DependencyUnavailableError("postgres")
        self.recorded += session_ids

    async def page(self, _since: datetime | None) -> EndedSessionPage:
        return EndedSessionPage([EndedSession(each, 0.0) for each in self.recorded], datetime.now(UTC), more=False)


def _time(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)


def _ms(unix_s: float) -> int:
    return round(unix_s * 1000)
