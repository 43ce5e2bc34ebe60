"""Lets in who may come in, renewing the session where the access token has run out."""

from service_kit.contract.policy import Access
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.middleware.cross_site import CrossSiteGuard
from gateway.problems import Decision, Problem
from gateway.request_headers import first
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import Renewal, Renewer


class SessionRenewalMiddleware:
    """The second half of authentication, behind admission control: a refused request must never rotate a session.

    No principal yet, and a session cookie: the session is renewed, and its new key and access token go out on
    whatever response follows. Neither: 401. An endpoint for administrators: 403 for everybody else.
    """

    def __init__(self, app: ASGIApp, renewer: Renewer, cookie: SessionCookie, guard: CrossSiteGuard) -> None:
        self.app = app
        self._renewer = renewer
        self._cookie = cookie
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                access = exchange.endpoint.method.policy.access
                if access is not Access.PUBLIC:
                    await self._authenticate(scope, exchange)
                    _authorise(exchange, access)
        await self.app(scope, receive, send)

    async def _authenticate(self, scope: Scope, exchange: Exchange) -> None:
        if exchange.request.principal is not None:
            return
        refusal = exchange.refusal
        if refusal is not None and refusal.code != "TOKEN_EXPIRED":
            raise refusal
        session_key = self._cookie.read(scope["headers"])
        if session_key is None:
            raise refusal or _missing()
        if first(scope["headers"], b"authorization") is None:
            # With that header, even an expired token, no page of another site gets past CORS.
            self._guard.check(scope)
        self._hand_out(exchange, await self._renewer.renew(session_key, exchange.request))

    def _hand_out(self, exchange: Exchange, renewal: Renewal) -> None:
        exchange.request.principal = renewal.principal
        exchange.request.access_token = renewal.access_token
        exchange.secret = True
        exchange.response_headers += (
            self._cookie.issue(renewal.session_key, renewal.max_age_s),
            (b"x-access-token", renewal.access_token.encode("ascii")),
            (b"x-access-token-expires-in", b"%d" % renewal.expires_in),
        )


def _authorise(exchange: Exchange, access: Access) -> None:
    principal = exchange.request.principal
    if access is not Access.USER and not (access is Access.ADMIN and principal is not None and principal.is_admin):
        raise Problem(403, "ACCESS_DENIED", "Only administrators may do this.", decision=Decision("access", "denied"))


def _missing() -> Problem:
    detail = "Neither an access token nor a session came with the request."
    return Problem(401, "CREDENTIALS_MISSING", detail, decision=Decision("authentication", "missing"))
