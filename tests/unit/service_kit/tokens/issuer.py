"""An issuer of access tokens, good and bad."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from service_kit.tokens.verifier import TokenError, TokenVerifier

NOW = 1_700_000_000

CLAIMS: dict[str, Any] = {
    "iss": "headrace",
    "aud": "headrace",
    "sub": "user-1",
    "sid": "session-1",
    "jti": "token-1",
    "role": "user",
    "skc": 3,
    "iat": NOW,
    "exp": NOW + 900,
}
HEADER: dict[str, Any] = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


class Issuer:
    """Signs any claims and header with real keys."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()

    def jwk(self, kid: str = "k1") -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.private.public_key().public_bytes_raw()), "kid": kid}

    def mint(self, claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Returns a signed token: the usual claims with ``changes`` (None: left out), or exactly ``claims``."""
        body = {**CLAIMS, **changes} if claims is None else claims
        body = {name: value for name, value in body.items() if value is not None}
        return self.sign(json.dumps(header or HEADER).encode(), json.dumps(body).encode())

    def sign(self, header: bytes, payload: bytes) -> str:
        signing_input = f"{b64(header)}.{b64(payload)}"
        return f"{signing_input}.{b64(self.private.sign(signing_input.encode()))}"


class Published:
    """The key set that an issuer publishes: counts fetches, and fails on request."""

    def __init__(self, *jwks: dict[str, str]) -> None:
        self.jwks = list(jwks)
        self.fetches = 0
        self.failure: Exception | None = None

    async def fetch(self) -> list[dict[str, str]]:
        self.fetches += 1
        if self.failure is not None:
            raise self.failure
        return self.jwks


def private_jwk(issuer: Issuer, kid: str) -> dict[str, str]:
    members = OKPKey.import_key(issuer.private).as_dict(private=True)
    return {name: str(value) for name, value in members.items()} | {"kid": kid}


async def refusal(verifier: TokenVerifier, token: str) -> str:
    """Returns the kind of error with which the verifier refuses ``token``."""
    with pytest.raises(TokenError) as caught:
        await verifier.verify(token)
    return caught.value.kind
