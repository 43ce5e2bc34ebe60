"""Tokens with another algorithm than that of the key (RFC 8725 sections 2.1 and 3.1)."""

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from tests.examples.forgeries.signer import Forge, Signer, b64

_NONES = ("none", "None", "NONE", "nOnE", "none ", "\u0000none", "")


def _unsigned(alg: str, signature: str) -> Forge:
    def forge(signer: Signer) -> str:
        header = json.dumps({**signer.header, "alg": alg}).encode()
        return f"{b64(header)}.{b64(signer.claims_text)}{signature}"

    return forge


def _none_signed(alg: str) -> Forge:
    return lambda signer: signer.mint({"alg": alg})


def _pem(signer: Signer) -> bytes:
    return signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _der(signer: Signer) -> bytes:
    return signer.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


#: Representations of the public key that a library might use as an HMAC secret.
_SECRETS: dict[str, Callable[[Signer], bytes]] = {
    "raw": lambda signer: signer.public,
    "PEM": _pem,
    "PEM without its last newline": lambda signer: _pem(signer).strip(),
    "DER": _der,
    "JWK text": lambda signer: json.dumps(signer.public_jwk).encode(),
    "member x": lambda signer: b64(signer.public).encode(),
    "empty": lambda signer: b"",
}


def _keyed(bits: int, secret: Callable[[Signer], bytes]) -> Forge:
    def forge(signer: Signer) -> str:
        header = json.dumps({**signer.header, "alg": f"HS{bits}"}).encode()
        signing_input = f"{b64(header)}.{b64(signer.claims_text)}"
        mac = hmac.new(secret(signer), signing_input.encode(), getattr(hashlib, f"sha{bits}")).digest()
        return f"{signing_input}.{b64(mac)}"

    return forge


_KINDS: dict[str, dict[str, Any]] = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "ES256K": {"kty": "EC", "crv": "secp256k1"},
    "RS256": {"kty": "RSA", "size": 2048},
    "PS256": {"kty": "RSA", "size": 2048},
    "EdDSA": {"kty": "OKP", "crv": "Ed448"},
}


@cache
def _key(alg: str) -> JWK:
    return JWK.generate(**_KINDS[alg])


def _embedded(alg: str) -> Forge:
    def forge(signer: Signer) -> str:
        header = {**signer.header, "alg": alg, "jwk": _key(alg).export_public(as_dict=True)}
        signed = JWS(signer.claims_text)
        signed.allowed_algs = list(_KINDS)
        signed.add_signature(_key(alg), protected=json.dumps(header))
        return str(signed.serialize(compact=True))

    return forge


ALGORITHMS: dict[str, Forge] = {
    **{f"alg {alg!r} unsigned": _unsigned(alg, ".") for alg in _NONES},
    **{f"alg {alg!r} in two parts": _unsigned(alg, "") for alg in _NONES},
    **{f"alg {alg!r} with a signature of one byte": _unsigned(alg, ".AA") for alg in _NONES},
    **{f"alg {alg!r} with the issuer's signature": _none_signed(alg) for alg in _NONES},
    **{f"HS{bits} by {name}": _keyed(bits, secret) for bits in (256, 384, 512) for name, secret in _SECRETS.items()},
    **{f"{alg} with its {kind['kty']} key in the header": _embedded(alg) for alg, kind in _KINDS.items()},
}
