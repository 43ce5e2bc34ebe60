"""Signs arbitrary headers and claims with the issuer's key, which is more than a forger can do."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(value: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, with the header and the claims of a valid token."""

    private: Ed25519PrivateKey
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def header_text(self) -> bytes:
        """The header as JSON."""
        return json.dumps(self.header).encode()

    @property
    def claims_text(self) -> bytes:
        """The claims as JSON."""
        return json.dumps(self.claims).encode()

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as in the key set."""
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.public), "kid": str(self.header["kid"])}

    def mint(self, header: Mapping[str, Any] | None = None, claims: Mapping[str, Any] | None = None) -> str:
        """Returns a signed token with these changes; a change to `...` (Ellipsis) removes a member."""
        return self.sign(_changed(self.header, header or {}), _changed(self.claims, claims or {}))

    def sign(self, header: bytes, payload: bytes) -> str:
        """Returns the JWS of exactly these texts."""
        return self.sign_input(f"{b64(header)}.{b64(payload)}")

    def sign_input(self, signing_input: str) -> str:
        """Returns the JWS of an encoded header and payload."""
        return f"{signing_input}.{b64(self.private.sign(signing_input.encode()))}"

    def thief(self) -> "Signer":
        """Returns a signer with another key under the same name."""
        return replace(self, private=Ed25519PrivateKey.generate())


#: Makes a token that must be refused.
Forge = Callable[[Signer], str]


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in {**members, **changes}.items() if value is not ...}).encode()
