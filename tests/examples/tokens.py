"""Access tokens for tests, minted by another library (PyJWT), and a verifier that accepts them."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier

from tests.running.secrets_seen import SEEN


class Issuer:
    """Mints tokens with its own key."""

    def __init__(self, kid: str = "test-key") -> None:
        self._key = Ed25519PrivateKey.generate()
        self._kid = kid

    def token(self, **claims: Any) -> str:
        """Returns a token of a user, valid for 15 minutes; ``claims`` replace the defaults."""
        now = int(time.time())
        standard = {
            "iss": "headrace",
            "aud": "headrace",
            "sub": "0190b3a1-0000-7000-8000-00000000000a",
            "sid": "session",
            "jti": "token",
            "iat": min(now, claims.get("exp", now)),
            "exp": now + 900,
            "role": "user",
            "skc": 0,
        }
        token = jwt.encode(standard | claims, self._key, "EdDSA", {"typ": "at+jwt", "kid": self._kid})
        SEEN.note("access token", token)
        return token

    async def keys(self) -> list[dict[str, str]]:
        """Returns the public keys as JSON Web Keys."""
        public = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return [public | {"kid": self._kid, "alg": "EdDSA", "use": "sig"}]

    async def verifier(self) -> TokenVerifier:
        """Returns a verifier that has fetched the keys."""
        keys = KeySet(self.keys)
        await keys.refresh()
        return TokenVerifier(keys, issuer="headrace", audience="headrace", leeway_s=0)
