"""JSON Web Keys of the one kind that signs our tokens: Ed25519 (RFC 8037)."""

from collections.abc import Mapping, Sequence

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from loguru import logger

_PUBLIC_MEMBERS = ("kty", "crv", "x", "kid")


def read_jwks(jwks: Sequence[Mapping[str, str]], known: Mapping[str, OKPKey]) -> dict[str, OKPKey]:
    """The usable keys of a JWK Set, by key id; those of another kind or use are left out, and logged.

    A key that is the same in ``known`` is taken from there, so that its identity tells whether it is still in force.
    ValueError: not one is usable, which is a fault of the issuer and no reason to forget the keys in hand.
    """
    keys: dict[str, OKPKey] = {}
    for jwk in jwks:
        try:
            key = _read(jwk)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as exc:
            logger.warning("left out of the key set: a key that is no Ed25519 signing key: {!r}", exc)
            continue
        old = known.get(jwk["kid"])
        same = old is not None and old.as_dict() == key.as_dict()
        keys[jwk["kid"]] = old if old is not None and same else key
    if not keys:
        raise ValueError("the key set has no usable key")
    return keys


def _read(jwk: Mapping[str, str]) -> OKPKey:
    if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519"):
        raise ValueError(f"{jwk['kty']} {jwk['crv']}")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", "EdDSA") not in {"EdDSA", "Ed25519"}:
        raise ValueError(f"use {jwk.get('use')}, alg {jwk.get('alg')}")
    if not jwk["kid"]:
        raise ValueError("no key id")
    # Only the public half is kept, even if an issuer's own folder of private keys is what was read.
    public: dict[str, str | list[str]] = {name: jwk[name] for name in _PUBLIC_MEMBERS}
    public |= {"use": "sig", "alg": "EdDSA"}
    return OKPKey.import_key(public)
