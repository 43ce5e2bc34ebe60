"""The issuer's own key, as whoever has stolen it, or the issuer itself when it is wrong, would use it."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from tests.e2e.running_stack import RunningStack
from tests.examples.forgeries import FORGERIES, Signer


def signer_of(stack: RunningStack, token: str) -> Signer:
    """Signs with the key of that token, and begins with its header and claims."""
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    members = json.loads((stack.data_dir / "secrets" / "keys" / f"{header['kid']}.json").read_text())
    key = OKPKey.import_key({name: members[name] for name in ("kty", "crv", "x", "d")})
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    return Signer(private, header, claims)


def _fits_a_header(token: str) -> bool:
    """Whether a header field can carry the token as it is: visible ASCII, and no space at an end (RFC 9110, 5.5)."""
    return bool(token) and token.isascii() and token.isprintable() and token == token.strip()


_SAMPLE = Signer(
    Ed25519PrivateKey.generate(),
    {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"},
    {"iss": "headrace", "aud": "headrace", "sub": "user-1", "sid": "session-1", "jti": "token-1", "role": "user"}
    | {"skc": 3, "iat": 1_700_000_000, "exp": 1_700_000_900},
)
#: The forgeries that any client can send.
SENDABLE = tuple(name for name, forge in FORGERIES.items() if _fits_a_header(forge(_SAMPLE)))
#: Those that take a client which sends what it must not. Without the spaces around it, a good token is no forgery.
UNSENDABLE = tuple(sorted(FORGERIES.keys() - set(SENDABLE) - {"shape: ' ' before", "shape: ' ' after"}))
