"""A key that signs access tokens, and its file: a private JWK (RFC 7517, RFC 8037).

Besides the members of the JWK, a file has `signs_from`, the Unix time from which the key signs.
"""

import json
from dataclasses import dataclass, field
from typing import Literal

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM = "EdDSA"
_CURVE: Literal["Ed25519"] = "Ed25519"
_SIGNS_FROM = "signs_from"
_PUBLIC_MEMBERS = ("kty", "crv", "x", "kid", "alg", "use")


class SigningKeyError(Exception):
    """The folder of keys cannot be read or written, or holds a file that is not a signing key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signing key. kid: its thumbprint (RFC 7638). signs_from: in Unix seconds."""

    kid: str
    signs_from: float
    jwk: OKPKey = field(repr=False)

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public half, as in the published key set."""
        members = self.jwk.as_dict(private=False)
        return {name: str(members[name]) for name in _PUBLIC_MEMBERS}


def new_key(signs_from: float) -> SigningKey:
    """Returns a fresh key. Its id does not begin with a hyphen: `keys retire` would parse it as an option."""
    kid = "-"
    while kid.startswith("-"):  # as 1 of 64 thumbprints does
        made = OKPKey.generate_key(_CURVE, {"alg": ALGORITHM, "use": "sig"})
        kid = made.thumbprint()
    return SigningKey(kid, signs_from, OKPKey.import_key({**made.as_dict(private=True), "kid": kid}))


def to_text(key: SigningKey) -> str:
    """Returns the content of the key's file."""
    return json.dumps({**key.jwk.as_dict(private=True), _SIGNS_FROM: key.signs_from}, indent=2)


def from_text(kid: str, text: bytes) -> SigningKey:
    """Returns the key ``kid`` from the content of its file.

    Raises:
        ValueError: the content is not a signing key with this id. The error does not quote it.
    """
    try:
        members = json.loads(text)
        signs_from = float(members.pop(_SIGNS_FROM, 0))
        jwk = OKPKey.import_key(members)
    except (ValueError, TypeError, AttributeError, JoseError):
        # Without the cause, whose text may quote the file.
        raise ValueError("is not a JSON Web Key of type OKP") from None
    expected = {"kty": "OKP", "crv": _CURVE, "alg": ALGORITHM, "use": "sig", "kid": kid}
    wrong = [name for name, value in expected.items() if members.get(name) != value]
    if not jwk.is_private:
        wrong.append("d")
    if wrong:
        raise ValueError(f"has missing or wrong members: {', '.join(wrong)}")
    return SigningKey(kid, signs_from, jwk)
