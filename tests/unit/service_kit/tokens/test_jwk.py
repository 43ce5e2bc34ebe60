"""Reading of key sets: the public vectors for JSON Web Keys, and weak points."""

import hashlib
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey
from jwcrypto.jwk import JWK
from service_kit.tokens.jwk import read_jwks

from tests.examples.forgeries.signatures import NEUTRAL
from tests.unit.service_kit.tokens.issuer import Issuer, b64, private_jwk

P = 2**255 - 19
Y_OF_ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL_ORDER = (0, 1, P - 1, Y_OF_ORDER_8, P - Y_OF_ORDER_8, P, P + 1)
#: RFC 8037, appendix A.1 and A.2.
RFC_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_8037_PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#: RFC 8037, appendix A.3.
RFC_8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_key_of_rfc_8037_is_read() -> None:
    (key,) = read_jwks([{**RFC_8037, "kid": "rfc"}], {}).values()
    assert key.thumbprint() == RFC_8037_THUMBPRINT
    canonical = json.dumps(dict(sorted(RFC_8037.items())), separators=(",", ":")).encode()
    assert b64(hashlib.sha256(canonical).digest()) == RFC_8037_THUMBPRINT
    private = OKPKey.import_key({**RFC_8037, "d": RFC_8037_PRIVATE})
    assert private.public_key.public_bytes_raw() == key.public_key.public_bytes_raw()
    assert private.thumbprint() == RFC_8037_THUMBPRINT


@pytest.mark.parametrize(
    "made",
    [
        {"kty": "oct", "size": 256, "alg": "HS256"},
        {"kty": "RSA", "size": 1024, "alg": "RS256"},
        {"kty": "RSA", "size": 2048, "alg": "PS256"},
        {"kty": "EC", "crv": "P-256", "alg": "ES256"},
        {"kty": "OKP", "crv": "Ed448", "alg": "EdDSA"},
        {"kty": "OKP", "crv": "X25519", "alg": "ECDH-ES"},
        {"kty": "OKP", "crv": "Ed25519", "alg": "ES256"},
        {"kty": "OKP", "crv": "Ed25519", "use": "enc"},
    ],
    ids=str,
)
@pytest.mark.parametrize("private", [False, True])
def test_key_for_another_use_is_left_out_of_a_mixed_set(made: dict[str, Any], private: bool) -> None:
    other = JWK.generate(**made, kid="other").export(private or made["kty"] == "oct", as_dict=True)
    assert read_jwks([other, Issuer().jwk()], {}).keys() == {"k1"}
    with pytest.raises(ValueError, match="no usable key"):
        read_jwks([other], {})


def test_only_the_public_half_of_a_private_key_is_kept() -> None:
    (key,) = read_jwks([private_jwk(Issuer(), "k1")], {}).values()
    assert not key.is_private


def test_two_keys_with_the_same_id_are_refused() -> None:
    first, second = Issuer().jwk(), Issuer().jwk()
    with pytest.raises(ValueError, match="two keys with the id k1"):
        read_jwks([first, second], {})
    known = read_jwks([first], {})
    with pytest.raises(ValueError, match="two keys with the id k1"):
        read_jwks([second, first], known)
    assert read_jwks([first, first], known) == known


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL_ORDER)
def test_key_of_small_order_is_left_out(y: int, sign: int) -> None:
    raw = (y | sign << 255).to_bytes(32, "little")
    assert any(is_forged(raw, str(number).encode()) for number in range(1000)), "this key would do no harm"
    with pytest.raises(ValueError, match="no usable key"):
        read_jwks([{**RFC_8037, "x": b64(raw), "kid": "weak"}], {})


@pytest.mark.parametrize("y", range(P, 2**255), ids=lambda y: f"p+{y - P}")
def test_key_in_a_non_canonical_encoding_is_left_out(y: int) -> None:
    with pytest.raises(ValueError, match="no usable key"):
        read_jwks([{**RFC_8037, "x": b64(y.to_bytes(32, "little")), "kid": "odd"}], {})


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_key_of_another_size_is_left_out(size: int) -> None:
    raw = urlsafe_b64decode(RFC_8037["x"] + "=") * 2
    with pytest.raises(ValueError, match="no usable key"):
        read_jwks([{**RFC_8037, "x": b64(raw[:size]), "kid": "size"}], {})


def is_forged(public: bytes, message: bytes) -> bool:
    """Returns whether the library accepts, for this key, a signature that needs no private key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(NEUTRAL + b"\0" * 32, message)
    except InvalidSignature:
        return False
    return True
