"""Identifies the caller by the access token alone."""

import re
from typing import Protocol

from service_kit.contract.policy import Access, SessionEffect
from service_kit.request.principal import Principal
from service_kit.tokens.errors import KeySetUnavailableError, TokenError

from gateway.bad_token import token_invalid
from gateway.exchange import Exchange
from gateway.problems import Decision, Problem
from gateway.request_headers import every
from gateway.sessions.cookie import SessionCookie
from gateway.sessions.renewal import session_ended

# RFC 6750, 2.1: the scheme in any case, one or more spaces, b64token.
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
# Until there is any key, the key set is fetched about once a second.
_KEYS_RETRY_AFTER_S = 1


class Verifier(Protocol):
    """Verifies access tokens (service_kit.tokens.verifier)."""

    async def verify(self, token: str) -> Principal:
        """Returns the principal that the token names.

        Raises:
            TokenError: the token is not accepted.
            KeySetUnavailableError: there is no key to verify it with at present.
        """
        ...


class IdentityStep:
    """Verifies the bearer token of a request for an endpoint that is not public.

    A valid token names the principal. Any other value of Authorization is kept as the exchange's refusal, which
    `CredentialsStep` raises after the rate limit: so guessing tokens draws on a quota too.
    For a public endpoint no token is read; one that issues a session receives the key that the client held before.
    """

    def __init__(self, verifier: Verifier, cookie: SessionCookie) -> None:
        self._verifier = verifier
        self._cookie = cookie

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        policy = exchange.endpoint.method.policy
        if policy.access is not Access.PUBLIC:
            await self._identify(exchange, every(exchange.headers, b"authorization"))
        elif policy.session is SessionEffect.ISSUES:
            exchange.request.session_key = self._cookie.read(exchange.headers)

    async def _identify(self, exchange: Exchange, authorization: list[bytes]) -> None:
        if not authorization:
            return
        match = _BEARER.fullmatch(authorization[0].strip()) if len(authorization) == 1 else None
        if match is None:
            exchange.refusal = token_invalid("Authorization must be one bearer token.")
            return
        token = match[1].decode("ascii")
        try:
            exchange.request.principal = await self._verifier.verify(token)
        except TokenError as exc:
            exchange.refusal = _refusal(exc)
        except KeySetUnavailableError:
            exchange.refusal = _unverifiable()
        else:
            exchange.request.access_token = token


def _refusal(error: TokenError) -> Problem:
    if error.kind == "expired":
        return _expired()
    if error.kind == "revoked":
        return session_ended()
    return token_invalid("The access token is not valid.")


def _expired() -> Problem:
    return Problem(
        401, "TOKEN_EXPIRED", "The access token has expired.", decision=Decision("authentication", "expired")
    )


def _unverifiable() -> Problem:
    detail = "Access tokens cannot be verified now."
    decision = Decision("authentication", "unavailable", retry_after_s=_KEYS_RETRY_AFTER_S)
    return Problem(503, "DEPENDENCY_UNAVAILABLE", detail, decision=decision)
