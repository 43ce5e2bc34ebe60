"""Tokens that must be refused, by what is wrong with them; everything else about each is valid."""

from tests.examples.forgeries.algorithms import ALGORITHMS
from tests.examples.forgeries.claims import CLAIMS
from tests.examples.forgeries.headers import HEADERS
from tests.examples.forgeries.shapes import SHAPES
from tests.examples.forgeries.signatures import SIGNATURES
from tests.examples.forgeries.signer import Forge, Signer
from tests.examples.forgeries.texts import TEXTS

__all__ = ["FORGERIES", "FORGERY_SAMPLE", "Signer"]

_GROUPS: dict[str, dict[str, Forge]] = {
    "algorithm": ALGORITHMS,
    "claim": CLAIMS,
    "header": HEADERS,
    "shape": SHAPES,
    "signature": SIGNATURES,
    "text": TEXTS,
}

FORGERIES: dict[str, Forge] = {
    f"{group}: {name}": forge for group, forges in _GROUPS.items() for name, forge in forges.items()
}

#: One of each family, for tests in which a forgery costs a request. Every forgery is tried in process.
FORGERY_SAMPLE: tuple[str, ...] = (
    "algorithm: alg 'none' unsigned",
    "algorithm: alg 'none' with the issuer's signature",
    "algorithm: HS256 by PEM",
    "algorithm: ES256 with its EC key in the header",
    *(f"claim: {name} missing" for name in ("iss", "aud", "sub", "sid", "jti", "role", "iat", "exp", "skc")),
    "claim: iss another",
    "claim: aud another",
    "claim: role unknown",
    "claim: nbf in an hour",
    "header: typ JWT",
    "header: kid unknown",
    "header: kid SQL",
    "header: alg of another curve",
    "header: crit b64",
    "header: another key",
    "header: another key, in jwk",
    "header: another key, at jku",
    "shape: h.p",
    "shape: '=' after",
    "shape: spare bits in the signature",
    "shape: nested",
    "shape: encrypted",
    "shape: over 8 KiB",
    "signature: S + L",
    "signature: cut to 63 bytes",
    "signature: of another token",
    "text: header null",
    "text: claims with a name twice",
    "text: claims with a role twice",
)
