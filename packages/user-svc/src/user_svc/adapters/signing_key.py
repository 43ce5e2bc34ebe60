"""One key that signs access tokens, and its form as a file: a private JWK (RFC 7517, RFC 8037).

Besides the JWK's own members, a file holds `signs_from`, the Unix time from which the key signs.
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
    """The folder of keys cannot be read or written, or holds what is no signing key of ours."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. kid: its thumbprint (RFC 7638). signs_from: in Unix seconds."""

    kid: str
    signs_from: float
    jwk: OKPKey = field(repr=False)

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public half, as the key set shows it."""
        members = self.jwk.as_dict(private=False)
        return {name: str(members[name]) for name in _PUBLIC_MEMBERS}


def new_key(signs_from: float) -> SigningKey:
    """A fresh key. Its id begins with no hyphen: `keys retire` would take it for an option."""
    kid = "-"
    while kid.startswith("-"):  # one thumbprint of 64 does
        made = OKPKey.generate_key(_CURVE, {"alg": ALGORITHM, "use": "sig"})
        kid = made.thumbprint()
    return SigningKey(kid, signs_from, OKPKey.import_key({**made.as_dict(private=True), "kid": kid}))


def to_text(key: SigningKey) -> str:
    """What the key's file holds."""
    return json.dumps({**key.jwk.as_dict(private=True), _SIGNS_FROM: key.signs_from}, indent=2)


def from_text(kid: str, text: bytes) -> SigningKey:
    """The key ``kid`` from its file. ValueError: it is none of ours; which the error says without quoting it."""
    try:
        members = json.loads(text)
        signs_from = float(members.pop(_SIGNS_FROM, 0))
        jwk = OKPKey.import_key(members)
    except (ValueError, TypeError, AttributeError, JoseError):
        # Without the cause: its text may quote the file.
        raise ValueError("is no JSON Web Key of kind OKP") from None
    expected = {"kty": "OKP", "crv": _CURVE, "alg": ALGORITHM, "use": "sig", "kid": kid}
    wrong = [name for name, value in expected.items() if members.get(name) != value]
    if not jwk.is_private:
        wrong.append("d")
    if wrong:
        raise ValueError(f"not as it should be: {', '.join(wrong)}")
    return SigningKey(kid, signs_from, jwk)
