"""Reads JSON Web Keys of the one kind that signs access tokens: Ed25519 (RFC 8037)."""

from collections.abc import Mapping, Sequence

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from loguru import logger

_PUBLIC_MEMBERS = ("kty", "crv", "x", "kid")

#: RFC 8032 section 5.1: the prime of the field; the highest bit of a key is the sign of x, the rest is y.
_P = 2**255 - 19
#: y of the points of order 1, 2, 4 and 8.
_Y_OF_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def read_jwks(jwks: Sequence[Mapping[str, str]], known: Mapping[str, OKPKey]) -> dict[str, OKPKey]:
    """Returns the usable keys of a JWK Set, by key id; keys of another kind or use are left out and logged.

    A key that equals one in ``known`` is taken from there, so that identity tells whether a key is still in force.

    Raises:
        ValueError: No key is usable, or two keys have the same id: a fault of the issuer; the caller keeps its keys.
    """
    keys: dict[str, OKPKey] = {}
    for jwk in jwks:
        try:
            key = _read(jwk)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as exc:
            logger.bind(error=repr(exc)).warning("key set has a key that is not an Ed25519 signing key")
            continue
        old = known.get(jwk["kid"])
        same = old is not None and old.as_dict() == key.as_dict()
        key = old if old is not None and same else key
        if keys.setdefault(jwk["kid"], key).as_dict() != key.as_dict():
            raise ValueError(f"the key set has two keys with the id {jwk['kid']}")
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
    # Only the public half is kept, even if the issuer reads its own folder of private keys.
    public: dict[str, str | list[str]] = {name: jwk[name] for name in _PUBLIC_MEMBERS}
    public |= {"use": "sig", "alg": "EdDSA"}
    key = OKPKey.import_key(public)
    _refuse_weak(key)
    return key


def _refuse_weak(key: OKPKey) -> None:
    # With a key of small order, R = 1 and S = 0 is a valid signature of every eighth message, or of all; libraries
    # leave the check to the application.
    y = int.from_bytes(key.public_key.public_bytes_raw(), "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError("a point of small order, which no private key has")
