"""Sessions in memory, and the rule of their renewal in a few plain lines: the model of the Lua scripts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.session import MAX_SESSIONS_OF_USER, HeldSession, ListedSession, NewSession, SessionTerms
from user_svc.domain.session_key import SessionKey


@dataclass(slots=True)
class _Session:
    opened: NewSession
    password_version: int
    created_at: float
    last_used_at: float
    rotated_at: float
    ends_at: float
    idle_until: float
    counter: int = 1
    presented: int = 0


class InMemorySessions:
    """now: the time, in Unix seconds, which tests move. away: raise as if the store could not be reached.

    published: the ids of sessions whose end was published, in that order.
    """

    def __init__(self, terms: SessionTerms) -> None:
        self.now = 1_800_000_000.0
        self.away = False
        self.published: list[str] = []
        self._terms = terms
        self._sessions: dict[str, _Session] = {}

    def pass_time(self, seconds: float) -> None:
        """Set the clock forward, or back; what is over by then does not come back."""
        self._sessions = self._live()
        self.now += seconds
        self._sessions = self._live()

    async def open(self, session: NewSession) -> HeldSession:
        self._check_reachable()
        ends_at = self.now + self._terms.absolute_ttl_s
        kept = _Session(session, session.password_version, self.now, self.now, self.now, ends_at, ends_at)
        self._sessions[session.session_id] = kept
        self._use(kept)
        mine = [sid for sid, other in self._live().items() if other.opened.user_id == session.user_id]
        for session_id in mine[:-MAX_SESSIONS_OF_USER]:
            self._end(session_id)
        return self._held(kept, rotated=True)

    async def renew(self, key: SessionKey) -> HeldSession:
        self._check_reachable()
        session = self._live().get(key.session_id)
        if session is None or key.counter > session.counter:
            raise SessionInvalidError
        # Where the clock was set back, the grace begins anew: it does not last until the clock has caught up.
        session.rotated_at = min(session.rotated_at, self.now)
        rotated = key.counter == session.counter
        if rotated:
            session.presented, session.rotated_at = key.counter, self.now
            session.counter += 1
        else:
            within_grace = self.now - session.rotated_at <= self._terms.grace_s
            lost = session.presented < session.counter
            if key.counter < session.counter - 1 or not (within_grace or lost):
                self._end(key.session_id)
                raise SessionReusedError(key.session_id, session.opened.user_id)
        self._use(session)
        return self._held(session, rotated=rotated)

    async def touch(self, session_id: str, user_id: str, counter_in_use: int | None) -> bool:
        self._check_reachable()
        if not await self.lives(session_id, user_id):
            return False
        session = self._sessions[session_id]
        if counter_in_use is not None and session.presented < counter_in_use <= session.counter:
            session.presented = counter_in_use
        self._use(session)
        return True

    async def lives(self, session_id: str, user_id: str) -> bool:
        self._check_reachable()
        session = self._live().get(session_id)
        return session is not None and session.opened.user_id == user_id

    async def of_user(self, user_id: str) -> list[ListedSession]:
        self._check_reachable()
        mine = [session for session in self._live().values() if session.opened.user_id == user_id]
        mine.sort(key=lambda session: session.last_used_at, reverse=True)
        return [
            ListedSession(
                session.opened.session_id,
                _time(session.created_at),
                _time(session.last_used_at),
                session.opened.address,
                session.opened.agent,
            )
            for session in mine
        ]

    async def end(self, session_id: str, user_id: str | None = None) -> str | None:
        self._check_reachable()
        session = self._live().get(session_id)
        if session is None or user_id not in {None, session.opened.user_id}:
            return None
        self._end(session_id)
        return session.opened.user_id

    async def end_all(self, user_id: str) -> None:
        for session in await self.of_user(user_id):
            self._end(session.session_id)

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        for session in await self.of_user(user_id):
            if self._sessions[session.session_id].password_version < password_version:
                self._end(session.session_id)

    async def confirm(self, session_id: str, user_id: str, password_version: int) -> None:
        if await self.lives(session_id, user_id):
            self._sessions[session_id].password_version = password_version

    async def end_others(self, user_id: str, session_id: str, password_version: int) -> list[str]:
        others = [other.session_id for other in await self.of_user(user_id) if other.session_id != session_id]
        for other in others:
            self._end(other)
        if session_id in self._sessions:
            self._sessions[session_id].password_version = password_version
        return others

    def _check_reachable(self) -> None:
        if self.away:
            raise DependencyUnavailableError("redis")

    def _end(self, session_id: str) -> None:
        del self._sessions[session_id]
        self.published.append(session_id)

    def _live(self) -> dict[str, _Session]:
        return {sid: session for sid, session in self._sessions.items() if session.idle_until > self.now}

    def _use(self, session: _Session) -> None:
        session.last_used_at = self.now
        session.idle_until = min(self.now + self._terms.idle_ttl_s, session.ends_at)

    def _held(self, session: _Session, *, rotated: bool) -> HeldSession:
        return HeldSession(
            session_id=session.opened.session_id,
            user_id=session.opened.user_id,
            password_version=session.password_version,
            counter=session.counter,
            max_age_s=max(1, int(session.idle_until - self.now)),
            ends_at=_time(session.ends_at),
            rotated=rotated,
        )


def _time(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
