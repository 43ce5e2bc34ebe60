"""Refuses a request that its credentials do not allow, before its body is received."""

from dataclasses import replace

from service_kit.contract.policy import Access, MethodPolicy, SessionEffect

from gateway.admission.cross_site import CrossSiteGuard
from gateway.exchange import Exchange
from gateway.problems import Decision, Problem
from gateway.request_headers import first
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import session_ended

#: Reasons for which the session of a request has ended.
ENDED = frozenset({"SESSION_INVALID", "SESSION_REUSED"})


class CredentialsStep:
    """Requires a principal, or a session that may be renewed, of a request for an endpoint that is not public.

    Other requests are refused here (401, 403): their body is not read, and they ask for no permit. The session
    itself is checked by its renewal, which is work for a service and therefore waits for the throttle.
    """

    def __init__(self, cookie: SessionCookie, guard: CrossSiteGuard) -> None:
        self._cookie = cookie
        self._guard = guard

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is not None:
            policy = exchange.endpoint.method.policy
            if policy.access is not Access.PUBLIC:
                self._check(exchange, policy)

    def _check(self, exchange: Exchange, policy: MethodPolicy) -> None:
        if exchange.request.principal is not None:
            authorise(exchange, policy.access)
            return
        refusal, ends = exchange.refusal, policy.session is SessionEffect.ENDS
        if refusal is not None and refusal.code != "TOKEN_EXPIRED":
            if ends and refusal.code in ENDED:
                return  # nothing is left to end: SessionRenewalStep answers that
            raise replace(refusal)  # a copy: raised, it would refer to the exchange, which refers to it
        if not self._cookie.is_sent(exchange.headers):
            raise replace(refusal or missing())
        if first(exchange.headers, b"authorization") is None:
            # With that header, even an expired token, no page of another site gets past CORS.
            self._guard.check(exchange)
        if not ends and self._cookie.read(exchange.headers) is None:  # of a form that no session key has
            raise session_ended()


def authorise(exchange: Exchange, access: Access) -> None:
    """Raises Problem (403) unless the principal may call a method of this access."""
    principal = exchange.request.principal
    if access is not Access.USER and not (access is Access.ADMIN and principal is not None and principal.is_admin):
        raise Problem(403, "ACCESS_DENIED", "Only administrators may do this.", decision=Decision("access", "denied"))


def missing() -> Problem:
    """Returns the 401 for a request without credentials."""
    detail = "Neither an access token nor a session came with the request."
    return Problem(401, "CREDENTIALS_MISSING", detail, decision=Decision("authentication", "missing"))
