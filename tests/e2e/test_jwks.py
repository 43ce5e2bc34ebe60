"""The public keys, and the access tokens that they verify."""

from typing import Any

import jwt

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.shapes import assert_success, assert_uuid7

CLAIMS = {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "role"}


def published_keys(api: Api) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = api.send("GET", "/.well-known/jwks.json").json()["keys"]
    return keys


def test_key_set_holds_public_keys_only(api: Api) -> None:
    response = api.send("GET", "/.well-known/jwks.json")
    assert_success(response, 200)
    assert set(response.json()) == {"keys"}
    keys = response.json()["keys"]
    assert keys
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
        assert len(key["x"]) == 43
    assert len({key["kid"] for key in keys}) == len(keys)


def test_key_set_is_cacheable_for_ten_minutes(api: Api) -> None:
    response = api.send("GET", "/.well-known/jwks.json")
    directives = {directive.strip() for directive in response.headers["Cache-Control"].split(",")}
    assert directives == {"public", "max-age=600"}


def test_key_set_verifies_the_access_tokens(api: Api, alice: Account) -> None:
    header = jwt.get_unverified_header(alice.token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert header.keys() == {"alg", "typ", "kid"}
    (key,) = (key for key in published_keys(api) if key["kid"] == header["kid"])
    claims = jwt.decode(alice.token, jwt.PyJWK(key), algorithms=["EdDSA"], audience="headrace", issuer="headrace")
    assert claims.keys() >= CLAIMS
    assert (claims["sub"], claims["role"]) == (alice.user_id, "user")
    assert_uuid7(claims["sub"])
    assert claims["exp"] - claims["iat"] > 0
