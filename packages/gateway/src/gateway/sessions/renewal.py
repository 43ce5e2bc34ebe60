"""The ports of session renewal."""

from dataclasses import dataclass
from typing import Protocol

from service_kit.request.context import RequestContext
from service_kit.request.principal import Principal

from gateway.problems import Decision, Problem

#: The response headers with the credentials of a session, and the one of them with the session key.
COOKIE_HEADER = frozenset({b"set-cookie"})
SESSION_HEADERS = COOKIE_HEADER | {b"x-access-token", b"x-access-token-expires-in"}


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewed session."""

    #: The successor of the presented key, and how long it may be idle, in seconds.
    session_key: str
    max_age_s: int
    #: A new access token, its lifetime in seconds, and the principal that it names.
    access_token: str
    expires_in: int
    principal: Principal


class UseReports(Protocol):
    """Receives the access tokens that clients present (gateway.sessions.use_reporter)."""

    def presented(self, request: RequestContext) -> None:
        """Records that the client presented the access token of ``request``. Never waits."""
        ...


class Renewer(Protocol):
    """Exchanges a session key for its successor and a new access token."""

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Renews the session on behalf of ``request``.

        Raises:
            Problem: the session has ended or its key was reused (401), the session authority cannot be asked (503),
                or there was no answer before the deadline (504).
        """
        ...


def session_ended() -> Problem:
    """Returns the 401 for a session that has ended, with the reason that the session authority would give."""
    return Problem(401, "SESSION_INVALID", "The session has ended.", decision=Decision("authentication", "revoked"))
