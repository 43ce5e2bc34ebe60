"""Renews the session of a request whose access token has run out, or is not there."""

from service_kit.contract.policy import Access, SessionEffect
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.middleware.credentials import ENDED, authorise
from gateway.problems import Problem
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.ended import session_ended
from gateway.sessions.renewal import Renewal, Renewer, UseReports
from gateway.transcoding.endpoint import Endpoint


class SessionRenewalMiddleware:
    """The second half of authentication, behind admission control: a refused request must never rotate a session.

    No principal yet, and a session cookie: the session is renewed, and its new key and access token go out on
    whatever response follows. Requests that could not be renewed were refused further out (`CredentialsMiddleware`).
    An endpoint for administrators: 403 for all other users. An endpoint that ends the session answers a success where
    the session has ended already: a client can always get rid of its cookie.
    """

    def __init__(self, app: ASGIApp, renewer: Renewer, uses: UseReports, cookie: SessionCookie) -> None:
        self.app = app
        self._renewer = renewer
        self._uses = uses
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                policy = exchange.endpoint.method.policy
                if policy.access is not Access.PUBLIC:
                    try:
                        await self._authenticate(scope, exchange)
                    except Problem as problem:
                        if policy.session is not SessionEffect.ENDS or problem.code not in ENDED:
                            raise
                        await self._answer_ended(exchange, exchange.endpoint, send)
                        return
                    authorise(exchange, policy.access)
        await self.app(scope, receive, send)

    async def _answer_ended(self, exchange: Exchange, endpoint: Endpoint, send: Send) -> None:
        """Answers as the method would have: there is no session any more that it could end."""
        exchange.secret = True
        exchange.response_headers.append(self._cookie.clear())
        response = endpoint.writer.write(endpoint.method.response_class())
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _authenticate(self, scope: Scope, exchange: Exchange) -> None:
        if exchange.request.principal is not None:
            self._uses.presented(exchange.request)
            return
        if exchange.refusal is not None and exchange.refusal.code != "TOKEN_EXPIRED":
            raise exchange.refusal
        session_key = self._cookie.read(scope["headers"])
        if session_key is None:  # of a form that no session key has
            raise session_ended()
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
