"""Tokens that other libraries mint with the platform's key are accepted only if they are valid."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import OKPKey
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT
from service_kit.tokens.compact import SignedToken
from service_kit.tokens.jwk import read_jwks
from service_kit.tokens.verifier import TokenVerifier, _check_signature

from tests.unit.service_kit.tokens.issuer import CLAIMS, HEADER, Issuer, private_jwk, refusal
from tests.unit.service_kit.tokens.test_jwk import RFC_8037, RFC_8037_PRIVATE

Mint = Callable[[Issuer, Mapping[str, Any], Mapping[str, Any]], str]
#: RFC 8037, appendix A.4: the key above signs "Example of Ed25519 signing".
RFC_8037_JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki"
    "4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


class _AnyAlgorithm(joserfc_jws.JWSRegistry):
    """joserfc warns of the name "EdDSA" (RFC 9864) when its registry is asked for it."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def by_pyjwt(issuer: Issuer, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return jwt.encode(dict(claims), issuer.private, header["alg"], headers=dict(header))


def by_jwcrypto(issuer: Issuer, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    token = JWT(header=dict(header), claims=dict(claims))
    token.make_signed_token(JWK(**private_jwk(issuer, "k1")))
    return str(token.serialize())


def by_joserfc(issuer: Issuer, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    key = OKPKey.import_key(issuer.private)
    return joserfc_jws.serialize_compact(dict(header), json.dumps(claims), key, registry=_AnyAlgorithm())


MINTS: dict[str, Mint] = {"PyJWT": by_pyjwt, "jwcrypto": by_jwcrypto, "joserfc": by_joserfc}


@pytest.fixture(params=MINTS)
def mint(request: pytest.FixtureRequest) -> Mint:
    return MINTS[request.param]


async def test_token_of_a_foreign_implementation_is_accepted(
    verifier: TokenVerifier, issuer: Issuer, mint: Mint
) -> None:
    principal = await verifier.verify(mint(issuer, HEADER, CLAIMS))
    assert (principal.user_id, principal.role, principal.session_id) == ("user-1", "user", "session-1")
    listed = CLAIMS | {"aud": ["other", "headrace"], "role": "admin", "scope": "all", "nbf": CLAIMS["iat"]}
    assert (await verifier.verify(mint(issuer, HEADER | {"typ": "application/at+jwt"}, listed))).is_admin


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"kid": "k2"}, {}),
        ({}, {"iss": "other"}),
        ({}, {"aud": ["other"]}),
        ({}, {"sub": None}),
        ({}, {"exp": "1700000900"}),
    ],
    ids=str,
)
async def test_wrong_token_of_a_foreign_implementation_is_refused(
    verifier: TokenVerifier, issuer: Issuer, mint: Mint, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    changed = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    assert await refusal(verifier, mint(issuer, HEADER | header, changed)) in {"malformed", "invalid"}


async def test_token_signed_by_another_key_is_refused(verifier: TokenVerifier, mint: Mint) -> None:
    assert await refusal(verifier, mint(Issuer(), HEADER, CLAIMS)) == "invalid"


async def test_signature_of_rfc_8037_is_valid_and_its_jws_is_not_an_access_token(verifier: TokenVerifier) -> None:
    (key,) = read_jwks([{**RFC_8037, "kid": "rfc"}], {}).values()
    signing_input, _, signature = RFC_8037_JWS.rpartition(".")
    private = OKPKey.import_key({**RFC_8037, "d": RFC_8037_PRIVATE})
    made = joserfc_jws.serialize_compact(
        {"alg": "EdDSA"}, "Example of Ed25519 signing", private, registry=_AnyAlgorithm()
    )
    assert made == RFC_8037_JWS
    signed = SignedToken("rfc", signing_input.encode(), jwt.utils.base64url_decode(signature), b"")
    _check_signature(signed, key)
    assert await refusal(verifier, RFC_8037_JWS) == "invalid"
