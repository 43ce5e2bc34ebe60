"""Refuses a request that its credentials do not allow, before anything is received or held for it."""

from service_kit.contract.policy import Access, MethodPolicy, SessionEffect
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.middleware.cross_site import CrossSiteGuard
from gateway.problems import Decision, Problem
from gateway.request_headers import first
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.ended import session_ended

#: The session of a request has ended, or there never was one.
ENDED = frozenset({"SESSION_INVALID", "SESSION_REUSED"})


class CredentialsMiddleware:
    """Lets a request for an endpoint that is not public pass with a principal, or with a session that may be renewed.

    All others are answered here (401, 403): their body is not read, and they get no place in a lane. A session is
    looked at no further: renewing it is work for a service, and waits for admission control.
    """

    def __init__(self, app: ASGIApp, cookie: SessionCookie, guard: CrossSiteGuard) -> None:
        self.app = app
        self._cookie = cookie
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                policy = exchange.endpoint.method.policy
                if policy.access is not Access.PUBLIC:
                    self._check(scope, exchange, policy)
        await self.app(scope, receive, send)

    def _check(self, scope: Scope, exchange: Exchange, policy: MethodPolicy) -> None:
        if exchange.request.principal is not None:
            authorise(exchange, policy.access)
            return
        refusal, ends = exchange.refusal, policy.session is SessionEffect.ENDS
        if refusal is not None and refusal.code != "TOKEN_EXPIRED":
            if ends and refusal.code in ENDED:
                return  # nothing is left to end, which is answered further in
            raise refusal
        if not self._cookie.is_sent(scope["headers"]):
            raise refusal or missing()
        if first(scope["headers"], b"authorization") is None:
            # With that header, even an expired token, no page of another site gets past CORS.
            self._guard.check(scope)
        if not ends and self._cookie.read(scope["headers"]) is None:  # of a form that no session key has
            raise session_ended()


def authorise(exchange: Exchange, access: Access) -> None:
    """Checks that the principal may call a method. Problem (403): it may not."""
    principal = exchange.request.principal
    if access is not Access.USER and not (access is Access.ADMIN and principal is not None and principal.is_admin):
        raise Problem(403, "ACCESS_DENIED", "Only administrators may do this.", decision=Decision("access", "denied"))


def missing() -> Problem:
    """401: a request that brings no credentials."""
    detail = "Neither an access token nor a session came with the request."
    return Problem(401, "CREDENTIALS_MISSING", detail, decision=Decision("authentication", "missing"))
