"""The port through which the gateway renews sessions."""

from dataclasses import dataclass
from typing import Protocol

from service_kit.request.context import RequestContext
from service_kit.request.principal import Principal

#: The response headers that hand the credentials of a session to the client, and the one with the session key.
COOKIE_HEADER = frozenset({b"set-cookie"})
SESSION_HEADERS = COOKIE_HEADER | {b"x-access-token", b"x-access-token-expires-in"}


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewed session.

    session_key, max_age_s: the successor of the key presented, and how long it may lie idle, in seconds.
    access_token, expires_in: a new access token, and how long it is valid, in seconds. principal: who it is about.
    """

    session_key: str
    max_age_s: int
    access_token: str
    expires_in: int
    principal: Principal


class UseReports(Protocol):
    """Learns which access tokens clients present (gateway.sessions.use_reporter)."""

    def presented(self, request: RequestContext) -> None:
        """The client of ``request`` has presented the access token that the request carries. Never waits."""
        ...


class Renewer(Protocol):
    """Trades a session key for its successor and a fresh access token."""

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Renew the session on behalf of ``request``.

        Problem: it has ended or was reused (401), its state cannot be read now (503), or not in time (504).
        """
        ...
