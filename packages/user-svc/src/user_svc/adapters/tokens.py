"""Access tokens: JWTs (RFC 7519) in the profile of RFC 9068, signed with Ed25519 (RFC 8037)."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from service_kit.tokens.verifier import TokenError, TokenVerifier

from user_svc.adapters.ids import new_id
from user_svc.adapters.signing.signing_key import ALGORITHM
from user_svc.adapters.signing.signing_keys import SigningKeys
from user_svc.domain.session import HeldSession
from user_svc.domain.token import AccessToken, TokenContents
from user_svc.domain.user import Role, User


class _Ed25519Only(jws.JWSRegistry):
    """The one algorithm. joserfc's own registry warns of the name "EdDSA" (RFC 9864) at every use."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[ALGORITHM]


class JwtMinter:
    """The port TokenMinter. Signs with the key that is current at the time of the call. now: returns Unix seconds."""

    def __init__(
        self, keys: SigningKeys, *, issuer: str, audience: str, ttl_s: int, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._ttl_s = ttl_s
        self._now = now
        self._registry = _Ed25519Only()

    def mint(self, user: User, session: HeldSession) -> AccessToken:
        issued_at = int(self._now())
        expires_at = min(issued_at + self._ttl_s, int(session.ends_at.timestamp()))
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user.user_id,
            "sid": session.session_id,
            "jti": new_id(),
            "iat": issued_at,
            "exp": expires_at,
            "role": user.role.value,
            "skc": session.key.counter,
        }
        key = self._keys.current()
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        payload = json.dumps(claims, separators=(",", ":"))
        text = jws.serialize_compact(header, payload, key.jwk, registry=self._registry)
        return AccessToken(text, max(0, expires_at - issued_at))


class JwtReader:
    """The port TokenReader. Verifies tokens as every service does."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def read(self, token: str) -> TokenContents | None:
        try:
            principal = await self._verifier.verify(token)
            role = Role(principal.role)
        except (TokenError, ValueError):
            return None
        return TokenContents(
            user_id=principal.user_id,
            role=role,
            session_id=principal.session_id,
            key_counter=principal.key_counter,
            issued_at=datetime.fromtimestamp(principal.issued_at, UTC),
            expires_at=datetime.fromtimestamp(principal.expires_at, UTC),
        )
