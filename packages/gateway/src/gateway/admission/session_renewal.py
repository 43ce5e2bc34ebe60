"""Renews the session of a request whose access token has expired or is missing."""

from dataclasses import replace

from service_kit.contract.policy import Access, SessionEffect
from starlette.types import Receive, Scope, Send

from gateway.admission.credentials import ENDED, authorise
from gateway.exchange import Exchange
from gateway.problems import Problem
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import Renewal, Renewer, UseReports, session_ended
from gateway.transcoding.endpoint import Endpoint


class SessionRenewalStep:
    """Completes authentication after the throttle: a rejected request must never rotate a session key.

    A request without a principal, but with a session cookie, has its session renewed; the new key and access token
    are sent with any response that follows. Requests without either were refused before (`CredentialsStep`).
    Endpoints for administrators answer 403 to all other users. An endpoint that ends the session answers a success if
    the session has ended already: a client can always get rid of its cookie.
    """

    def __init__(self, renewer: Renewer, uses: UseReports, cookie: SessionCookie) -> None:
        self._renewer = renewer
        self._uses = uses
        self._cookie = cookie

    async def __call__(self, exchange: Exchange) -> None:
        endpoint = exchange.endpoint
        if endpoint is None or endpoint.method.policy.access is Access.PUBLIC:
            return
        policy = endpoint.method.policy
        try:
            await self._authenticate(exchange)
        except Problem as problem:
            if policy.session is not SessionEffect.ENDS or problem.code not in ENDED:
                raise
            self._answer_ended(exchange, endpoint)
        else:
            authorise(exchange, policy.access)

    def _answer_ended(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Has the request answered as the method would have: there is no session left for it to end."""
        exchange.secret = True
        exchange.response_headers.append(self._cookie.clear())
        response = endpoint.writer.write(endpoint.method.response_class())

        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            await send({"type": "http.response.body", "body": response.body})

        exchange.handler = answer

    async def _authenticate(self, exchange: Exchange) -> None:
        if exchange.request.principal is not None:
            self._uses.presented(exchange.request)
            return
        if exchange.refusal is not None and exchange.refusal.code != "TOKEN_EXPIRED":
            raise replace(exchange.refusal)  # a copy: raised, it would refer to the exchange
        session_key = self._cookie.read(exchange.headers)
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
