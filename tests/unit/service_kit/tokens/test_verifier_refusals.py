"""The verifier: refusals by kind of error."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, Issuer, Published, b64, refusal


@pytest.mark.parametrize("claim", sorted(CLAIMS))
async def test_every_claim_is_required(verifier: TokenVerifier, issuer: Issuer, claim: str) -> None:
    assert await refusal(verifier, issuer.mint(**{claim: None})) == "malformed"


WRONG: list[Any] = [True, 1.5, float("nan"), float("inf"), -1, 2**53, 10**400, "", "x" * 1025, [], [1], {}]


@pytest.mark.parametrize("claim", sorted(CLAIMS))
@pytest.mark.parametrize("value", WRONG, ids=repr)
async def test_every_claim_is_type_checked(verifier: TokenVerifier, issuer: Issuer, claim: str, value: object) -> None:
    assert await refusal(verifier, issuer.mint(CLAIMS | {claim: value})) in {"malformed", "invalid"}


@pytest.mark.parametrize("changes", [{"iss": "other"}, {"aud": "other"}, {"aud": ["other"]}], ids=repr)
async def test_another_issuer_or_audience_is_invalid(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, issuer.mint(**changes)) == "invalid"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"typ": "JWT"}, "invalid"),
        ({"typ": None}, "invalid"),
        ({"typ": 3}, "invalid"),
        ({"alg": "none"}, "invalid"),
        ({"alg": "HS256"}, "invalid"),
        ({"alg": "Ed25519"}, "invalid"),
        ({"alg": ["EdDSA"]}, "invalid"),
        ({"alg": None}, "invalid"),
        ({"kid": None}, "malformed"),
        ({"kid": ""}, "malformed"),
        ({"kid": 1}, "malformed"),
        ({"kid": ["k1"]}, "malformed"),
        ({"kid": "k2"}, "invalid"),
        ({"kid": "\ud800"}, "invalid"),
        ({"crit": ["exp"]}, "invalid"),
        ({"crit": []}, "invalid"),
        ({"b64": False}, "invalid"),
    ],
    ids=repr,
)
async def test_token_with_an_unsupported_header_is_refused(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any], kind: str
) -> None:
    header = {name: value for name, value in (HEADER | changes).items() if value is not None}
    assert await refusal(verifier, issuer.mint(header=header)) == kind


async def test_a_key_in_the_header_is_never_used(verifier: TokenVerifier) -> None:
    thief = Issuer()
    header = HEADER | {"jwk": thief.jwk(), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/x5u"}
    assert await refusal(verifier, thief.mint(header=header)) == "invalid"


async def test_hs256_token_signed_with_the_public_key_is_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    public = issuer.private.public_key().public_bytes_raw()
    token = jwt.encode(CLAIMS, public, "HS256", headers={"kid": "k1", "typ": "at+jwt"})
    assert await refusal(verifier, token) == "invalid"


async def test_alg_none_without_a_signature_is_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    unsigned = jwt.encode(CLAIMS, "", "none", headers={"kid": "k1", "typ": "at+jwt"})
    assert await refusal(verifier, unsigned) == "malformed"
    assert await refusal(verifier, issuer.mint().rpartition(".")[0] + ".") == "malformed"


@pytest.mark.parametrize("signature", [b"\0", b"\0" * 64, b"\0" * 63, b"\0" * 4000], ids=len)
async def test_a_signature_of_any_length_is_invalid(verifier: TokenVerifier, issuer: Issuer, signature: bytes) -> None:
    assert await refusal(verifier, issuer.mint().rpartition(".")[0] + "." + b64(signature)) == "invalid"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "." + token,
        lambda token: token + ".",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.replace(".", " ."),
        lambda token: token + ".a.b",
        lambda token: "ü" + token,
        lambda token: "A" + token,
        lambda token: "e30." + token,
        lambda token: "a" * 8193,
    ],
)
async def test_text_that_is_not_a_compact_jws_is_malformed(
    verifier: TokenVerifier, issuer: Issuer, spoil: Callable[[str], str]
) -> None:
    assert await refusal(verifier, spoil(issuer.mint())) == "malformed"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"' + b"x" * 40 + b'"',
        b"\xff\xfe{}",
        b"[" * 5000,
        b'{"exp":' + b"9" * 5000 + b"}",
        json.dumps(CLAIMS).encode()[:-1] + b',"sub":"admin"}',
        json.dumps(CLAIMS).encode()[:-1] + b',"x":NaN}',
        json.dumps(CLAIMS).encode()[:-1] + b',"x":1e999,"exp":1e999}',
    ],
)
async def test_signed_nonsense_is_malformed(verifier: TokenVerifier, issuer: Issuer, payload: bytes) -> None:
    assert await refusal(verifier, issuer.sign(json.dumps(HEADER).encode(), payload)) == "malformed"


async def test_a_nested_token_is_malformed(verifier: TokenVerifier, issuer: Issuer) -> None:
    nested = issuer.sign(json.dumps(HEADER | {"cty": "JWT"}).encode(), issuer.mint().encode())
    assert await refusal(verifier, nested) == "malformed"


async def test_token_over_8_kib_is_refused_before_any_key_is_fetched(
    verifier: TokenVerifier, issuer: Issuer, published: Published
) -> None:
    assert await refusal(verifier, issuer.mint(padding="x" * 8192)) == "malformed"
    assert published.fetches == 0
