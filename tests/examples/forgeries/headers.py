"""Headers with unsupported features, and tokens that bring their own key (RFC 8725 sections 3.5 to 3.11)."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.examples.forgeries.signer import Forge, Signer, b64

_OTHER_KINDS: dict[str, Any] = {
    "JWT": "JWT",
    "missing": ...,
    "null": None,
    "a number": 3,
    "a list": ["at+jwt"],
    "empty": "",
    "of a renewal": "rt+jwt",
    "of an identity": "id+jwt",
    "of a nested token": "application/jwt",
    "with a space": "at+jwt ",
    "with NUL": "at+jwt\0",
}
_OTHER_KEYS: dict[str, Any] = {
    "unknown": "unknown",
    "missing": ...,
    "null": None,
    "empty": "",
    "a number": 1,
    "true": True,
    "a list": ["k1"],
    "an object": {"k1": "k1"},
    "a path": "../../../../dev/null",
    "a path on Windows": "..\\..\\nul",
    "a URL": "file:///etc/passwd",
    "SQL": "x' UNION SELECT 'secret' --",
    "a command": "k1; cat /etc/passwd |",
    "NUL": "\0",
    "a lone surrogate": "\ud800",
    "long": "k" * 4000,
}
_OTHER_ALGORITHMS: dict[str, Any] = {
    "missing": ...,
    "null": None,
    "a list": ["EdDSA"],
    "in lower case": "eddsa",
    "of RFC 9864": "Ed25519",
    "of another curve": "Ed448",
    "of another kind": "ES256",
}
_EXTENSIONS: dict[str, dict[str, Any]] = {
    "crit exp": {"crit": ["exp"], "exp": 1},
    "crit empty": {"crit": []},
    "crit null": {"crit": None},
    "crit b64": {"crit": ["b64"], "b64": False},
    "crit a registered name": {"crit": ["alg"]},
    "b64 false": {"b64": False},
    "b64 true": {"b64": True},
}


def _unencoded(signer: Signer) -> str:
    header = b64(json.dumps({**signer.header, "b64": False, "crit": ["b64"]}).encode())
    signature = signer.private.sign(f"{header}.".encode() + signer.claims_text)
    return f"{header}.{b64(signer.claims_text)}.{b64(signature)}"


def _own_jwk(signer: Signer) -> str:
    thief = signer.thief()
    return thief.mint({"jwk": thief.public_jwk})


def _own_certificate(signer: Signer) -> str:
    thief = signer.thief()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "headrace")])
    now = datetime.now(UTC)
    draft = x509.CertificateBuilder(name, name, thief.private.public_key(), x509.random_serial_number())
    dated = draft.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = dated.sign(thief.private, None)
    return thief.mint({"x5c": [b64encode(certificate.public_bytes(Encoding.DER)).decode()]})


def _with_header(changes: dict[str, Any]) -> Forge:
    return lambda signer: signer.mint(changes)


def _twice(name: str, other: str, *, ours_last: bool) -> Forge:
    def forge(signer: Signer) -> str:
        ours = signer.header_text
        if ours_last:
            return signer.sign(f'{{"{name}":"{other}",'.encode() + ours[1:], signer.claims_text)
        return signer.sign(ours[:-1] + f',"{name}":"{other}"}}'.encode(), signer.claims_text)

    return forge


HEADERS: dict[str, Forge] = {
    **{f"typ {name}": _with_header({"typ": value}) for name, value in _OTHER_KINDS.items()},
    **{f"kid {name}": _with_header({"kid": value}) for name, value in _OTHER_KEYS.items()},
    **{f"alg {name}": _with_header({"alg": value}) for name, value in _OTHER_ALGORITHMS.items()},
    **{name: _with_header(changes) for name, changes in _EXTENSIONS.items()},
    "b64 false, signed so": _unencoded,
    **{f"{name} twice, ours first": _twice(name, "none", ours_last=False) for name in ("alg", "kid", "typ")},
    **{f"{name} twice, ours last": _twice(name, "none", ours_last=True) for name in ("alg", "kid", "typ")},
    "another key": lambda signer: signer.thief().mint(),
    "another key, in jwk": _own_jwk,
    "another key, in x5c": _own_certificate,
    "another key, at jku": lambda signer: signer.thief().mint({"jku": "http://127.0.0.1:1/jwks.json"}),
    "another key, at x5u": lambda signer: signer.thief().mint({"x5u": "http://127.0.0.1:1/chain.pem"}),
}
