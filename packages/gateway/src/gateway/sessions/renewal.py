"""What the middleware wants of whoever renews sessions."""

from dataclasses import dataclass
from typing import Protocol

from service_kit.context import RequestContext
from service_kit.tokens.principal import Principal


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


class Renewer(Protocol):
    """Trades a session key for its successor and a fresh access token."""

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Renew the session on behalf of ``request``.

        Problem: it has ended or was reused (401), nobody can tell now (503), or not in the time that is left (504).
        """
        ...
