"""JSON Web Keys of the one kind that signs our tokens: Ed25519 (RFC 8037)."""

from collections.abc import Mapping, Sequence

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from loguru import logger

_PUBLIC_MEMBERS = ("kty", "crv", "x", "kid")

#: RFC 8032 section 5.1: the field that coordinates are of; the highest bit of a key is the sign of x, the rest is y.
_P = 2**255 - 19
#: y of the points of order 1, 2, 4 and 8.
_Y_OF_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def read_jwks(jwks: Sequence[Mapping[str, str]], known: Mapping[str, OKPKey]) -> dict[str, OKPKey]:
    """The usable keys of a JWK Set, by key id; those of another kind or use are left out, and logged.

    A key that is the same in ``known`` is taken from there, so that its identity tells whether it is still in force.
    ValueError: not one is usable, or two keys have one id, so that nobody can tell which is meant: a fault of the
    issuer, and no reason to forget the keys in hand.
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
    # Only the public half is kept, even if an issuer's own folder of private keys is what was read.
    public: dict[str, str | list[str]] = {name: jwk[name] for name in _PUBLIC_MEMBERS}
    public |= {"use": "sig", "alg": "EdDSA"}
    key = OKPKey.import_key(public)
    _refuse_weak(key)
    return key


def _refuse_weak(key: OKPKey) -> None:
    # With a key of small order, R = 1 and S = 0 sign any eighth message, or all; libraries
    # leave the check to the application.
    y = int.from_bytes(key.public_key.public_bytes_raw(), "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError("a point that no private key has")
