"""Verifies access tokens."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from joserfc.jws import JWSRegistry

from service_kit.request.principal import Principal
from service_kit.tokens.claims import read_not_before, read_principal
from service_kit.tokens.compact import MAX_TOKEN_BYTES, SignedToken, read_compact, read_object
from service_kit.tokens.errors import KeySetUnavailableError, TokenError
from service_kit.tokens.key_set import Key, KeySet

__all__ = ["KeySetUnavailableError", "TokenError", "TokenVerifier"]

#: How many verified tokens are remembered: some 3 MiB.
_REMEMBERED_TOKENS = 4096
#: The largest leeway for clock differences (seconds).
MAX_LEEWAY_S = 30

#: Fixed, not chosen by a token's header: all keys are of this algorithm.
_ED25519 = JWSRegistry.algorithms["EdDSA"]


@dataclass(frozen=True, slots=True)
class _Verified:
    kid: str
    key: Key
    principal: Principal


class Revocations(Protocol):
    """The revoked sessions (service_kit.tokens.denylist); consulted for every token, so it must not block."""

    def denies_session(self, session_id: str) -> bool:
        """Returns whether the session has ended."""


class _NothingRevoked:
    def denies_session(self, session_id: str) -> bool:
        return False


class TokenVerifier:
    """Verifies access tokens: JWTs of the RFC 9068 profile, signed with Ed25519, by the rules of RFC 8725.

    A verified token is cached, so that its signature (0.2 ms) is checked once; its expiry, its key's presence in the
    key set, and the revocation of its session are checked every time.

    leeway_s: the tolerated clock difference, 0 to 30 s. now: returns Unix seconds. revoked: None if the user of the
    verifier checks sessions itself.
    """

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        leeway_s: float,
        now: Callable[[], float] = time.time,
        revoked: Revocations | None = None,
    ) -> None:
        if not 0 <= leeway_s <= MAX_LEEWAY_S:
            raise ValueError(f"a leeway of {leeway_s} s is not within 0 to {MAX_LEEWAY_S} s")
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._now = now
        self._revoked = revoked or _NothingRevoked()
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Returns the principal of ``token``.

        Raises:
            TokenError: The token is not accepted.
            KeySetUnavailableError: No key has been fetched yet.
        """
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise TokenError("malformed", f"over {MAX_TOKEN_BYTES} bytes, or not ASCII")
        # Cached by digest: a stored token would be a usable credential.
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._recall(digest)
        if verified is None:
            verified = await self._verify(token)
            self._remember(digest, verified)
        if self._is_over(verified.principal):
            self._remembered.pop(digest, None)
            raise _expired()
        if self._revoked.denies_session(verified.principal.session_id):
            raise TokenError("revoked", "the session has ended")
        return verified.principal

    async def _verify(self, token: str) -> _Verified:
        signed = read_compact(token)
        former = self._keys.former(signed.kid)
        key = former or await self._keys.key(signed.kid)
        if key is None:
            if not self._keys.loaded:
                raise KeySetUnavailableError
            raise TokenError("invalid", "the key is unknown")
        _check_signature(signed, key)
        claims = read_object(signed.payload, "payload")
        principal = read_principal(claims, issuer=self._issuer, audience=self._audience)
        if max(principal.issued_at, read_not_before(claims)) > self._now() + self._leeway_s:
            raise TokenError("invalid", "it is not valid yet")
        if former is not None:
            # An expired token can be renewed by the client; an unexpired one by a retired key is not legitimate.
            raise _expired() if self._is_over(principal) else TokenError("invalid", "the key is no longer in force")
        return _Verified(signed.kid, key, principal)

    def _is_over(self, principal: Principal) -> bool:
        return self._now() >= principal.expires_at + self._leeway_s

    def _recall(self, digest: bytes) -> _Verified | None:
        verified = self._remembered.get(digest)
        if verified is None:
            return None
        if self._keys.held(verified.kid) is not verified.key:
            del self._remembered[digest]
            return None
        self._remembered.move_to_end(digest)
        return verified

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._remembered[digest] = verified
        if len(self._remembered) > _REMEMBERED_TOKENS:
            self._remembered.popitem(last=False)


def _expired() -> TokenError:
    return TokenError("expired", "it has expired")


def _check_signature(signed: SignedToken, key: Key) -> None:
    if not _ED25519.verify(signed.signing_input, signed.signature, key):
        raise TokenError("invalid", "the signature is wrong")
