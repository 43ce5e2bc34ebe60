"""The hybrid flow as a few plain rules: the model that the platform is compared with.

1. A valid access token authenticates, with any cookie, unless its session was ended by an action (the gateways know)
or,
   on a route of the user service, has ended for any reason (the service checks it).
2. An expired or missing token with a session key: the session is renewed, and the request is served on its behalf.
   Without either: 401.
3. The newest key of a session makes a successor. The predecessor of the newest returns the newest again, within the
   grace or while the newest was not seen in use. Any older key, or the predecessor later, ends the session.
4. A key is seen in use when it is presented for renewal, or when a client presents a token issued with it, on any
   route: each gateway reports that once.
5. A session ends when it is idle for too long, at its absolute end, when the user has twenty newer ones, and by any
   action that ends it. It is never live again.
"""

from dataclasses import dataclass, field

#: Every step of time is a multiple of this, in seconds, and no limit below is near such a multiple.
STEP_S = 400
GRACE_S, TOKEN_TTL_S, LEEWAY_S, IDLE_S, ABSOLUTE_S = 600, 3000, 5, 20200, 40200
MAX_SESSIONS = 20
IDLE, ITS_END, NO_ROOM = "idle", "its absolute end", "room was needed"
OF_TIME = {IDLE, ITS_END}


@dataclass(frozen=True, slots=True)
class Key:
    """A session key as a client holds it."""

    text: str = field(repr=False)
    session_id: str
    counter: int


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as a client holds it; times on the model's clock, in seconds."""

    text: str = field(repr=False)
    session_id: str
    counter: int
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of a request. code: of a refusal (401). renewed: the counter of the key that is returned."""

    code: str | None = None
    renewed: int | None = None


@dataclass(slots=True)
class Session:
    """counter: of the newest key. presented: the newest key that was seen in use. Times in seconds."""

    user_id: str
    opened_at: int
    used_at: int
    rotated_at: int
    counter: int = 1
    presented: int = 0
    ended: str | None = None

    @property
    def ends_at(self) -> int:
        return self.opened_at + ABSOLUTE_S

    @property
    def revoked(self) -> bool:
        """Whether it was ended by an action, not by time."""
        return self.ended is not None and self.ended not in OF_TIME


class HybridFlow:
    """now: the time, in seconds. audited: (event, session) of the expected audit events of renewals, in any order."""

    def __init__(self) -> None:
        self.now = 0
        self.sessions: dict[str, Session] = {}
        self.audited: list[tuple[str, str]] = []
        #: By gateway and session: the newest key that the gateway has reported.
        self.reported: dict[tuple[int, str], int] = {}

    def opened(self, session_id: str, user_id: str) -> None:
        self.sessions[session_id] = Session(user_id, self.now, self.now, self.now)
        for oldest in self.live_of(user_id)[:-MAX_SESSIONS]:
            self.end(oldest, NO_ROOM)

    def end(self, session_id: str, why: str) -> None:
        session = self.sessions[session_id]
        session.ended = session.ended or why

    def live_of(self, user_id: str) -> list[str]:
        """Returns the user's live sessions, in the order of their logins."""
        return [sid for sid, session in self.sessions.items() if session.user_id == user_id and not session.ended]

    def pass_time(self, seconds: int) -> None:
        self.now += seconds
        for session_id, session in self.sessions.items():
            if self.now > session.ends_at:
                self.end(session_id, ITS_END)
            elif self.now > session.used_at + IDLE_S:
                self.end(session_id, IDLE)

    def admits(self, token: Token | None) -> bool:
        """Returns whether a token has a valid signature and has not expired."""
        return token is not None and self.now < token.expires_at + LEEWAY_S

    def answer(self, token: Token | None, key: Key | None, gateway: int, *, attended: bool) -> Expected:
        """Returns the result of a request through a gateway. attended: it is for a route of the user service."""
        if token is not None and self.admits(token):
            if self.sessions[token.session_id].revoked:
                return Expected("SESSION_INVALID")
            self.present(token, gateway)
            return self._attend(token) if attended else Expected()
        if key is None:
            return Expected("CREDENTIALS_MISSING" if token is None else "TOKEN_EXPIRED")
        return self._renew(key)

    def present(self, token: Token, gateway: int) -> None:
        """Records that a client presents a token, and that admission control admits the request."""
        session, reporter = self.sessions[token.session_id], (gateway, token.session_id)
        if self.reported.get(reporter, 0) >= token.counter:
            return
        self.reported[reporter] = token.counter
        if not session.ended:
            session.presented = max(session.presented, token.counter)
            session.used_at = self.now

    def _attend(self, token: Token) -> Expected:
        session = self.sessions[token.session_id]
        if session.ended:
            return Expected("SESSION_INVALID")
        session.used_at = self.now
        return Expected()

    def _renew(self, key: Key) -> Expected:
        session = self.sessions[key.session_id]
        if session.ended:
            return Expected("SESSION_INVALID")
        within_grace, unseen = self.now - session.rotated_at <= GRACE_S, session.presented < session.counter
        if key.counter == session.counter:
            session.presented, session.rotated_at = key.counter, self.now
            session.counter += 1
            self.audited.append(("session_renewed", key.session_id))
        elif key.counter < session.counter - 1 or not (within_grace or unseen):
            self.end(key.session_id, "an old key was replayed")
            self.audited.append(("session_reused", key.session_id))
            return Expected("SESSION_REUSED")
        session.used_at = self.now
        return Expected(renewed=session.counter)
