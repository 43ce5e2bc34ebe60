"""The forgeries that a header field can carry, and those that it cannot."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.examples.forgeries import FORGERIES, Signer


def _fits_a_header(token: str) -> bool:
    """Returns whether a header field can carry the token: visible ASCII, no space at either end (RFC 9110, 5.5)."""
    return bool(token) and token.isascii() and token.isprintable() and token == token.strip()


_SAMPLE = Signer(
    Ed25519PrivateKey.generate(),
    {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"},
    {"iss": "headrace", "aud": "headrace", "sub": "user-1", "sid": "session-1", "jti": "token-1", "role": "user"}
    | {"skc": 3, "iat": 1_700_000_000, "exp": 1_700_000_900},
)
#: The forgeries that a header field can carry.
SENDABLE = tuple(name for name, forge in FORGERIES.items() if _fits_a_header(forge(_SAMPLE)))
#: The others need a malformed header. Without the spaces around it, a valid token is no forgery.
UNSENDABLE = tuple(sorted(FORGERIES.keys() - set(SENDABLE) - {"shape: ' ' before", "shape: ' ' after"}))
