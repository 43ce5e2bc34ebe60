"""Forged tokens at the gateway: refused in one way, which does not reveal what is wrong with them.

Every forgery is tried in process (tests/unit/tokens/test_forged_tokens.py); here it is one of each family, and each
that needs a malformed header.
"""

import pytest

from tests.e2e.accounts import Account, session_cookies
from tests.e2e.api import Api
from tests.e2e.raw_http import exchange, request_bytes
from tests.e2e.running_stack import RunningStack
from tests.e2e.shapes import assert_problem, assert_success
from tests.e2e.signers import signer_of
from tests.examples.forgeries import FORGERIES, FORGERY_SAMPLE, Signer
from tests.examples.forgeries.in_headers import UNSENDABLE


@pytest.fixture(scope="module")
def signer(stack: RunningStack, alice: Account) -> Signer:
    return signer_of(stack, alice.token)


def test_token_that_the_forgeries_are_based_on_is_accepted(api: Api, alice: Account, signer: Signer) -> None:
    response = api.call("GetUser", token=signer.mint())
    assert_success(response, 200)
    assert response.json()["user_id"] == alice.user_id


@pytest.mark.parametrize("name", FORGERY_SAMPLE)
def test_forged_token_is_refused_even_with_a_valid_cookie(api: Api, alice: Account, signer: Signer, name: str) -> None:
    response = api.call("GetUser", token=FORGERIES[name](signer), headers={"Cookie": alice.cookie})
    assert_problem(response, 401, "TOKEN_INVALID")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


@pytest.mark.parametrize("name", UNSENDABLE)
def test_forged_token_that_no_header_can_carry_is_refused(api: Api, signer: Signer, name: str) -> None:
    authorization = (b"Authorization", b"Bearer " + FORGERIES[name](signer).encode())
    response = exchange(api.url, request_bytes("GET", b"/api/users/me", [authorization]))
    # The HTTP parser may refuse the whole request. A line break after the token, and the one that ends its line, end
    # the header section: the token is then the genuine one, and the rest is not part of the request.
    assert response.status in ({200} if name == "shape: '\\r\\n' after" else {400, 401})


@pytest.mark.parametrize("kib", [8, 12])
def test_token_over_8_kib_is_refused(api: Api, signer: Signer, kib: int) -> None:
    token = signer.mint(claims={"scope": "x" * kib * 1024})[: kib * 1024 + 1]
    assert_problem(api.call("GetUser", token=token), 401, "TOKEN_INVALID")


@pytest.mark.parametrize("kib", [15, 17, 31, 33, 64, 1024])
def test_token_over_the_header_limit_is_refused_as_invalid(api: Api, kib: int) -> None:
    authorization = (b"Authorization", b"Bearer " + b"A" * kib * 1024)
    response = exchange(api.url, request_bytes("GET", b"/api/users/me", [authorization]))
    assert (response.status, response.json()["code"]) == (401, "TOKEN_INVALID")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("first_is_good", [True, False])
def test_two_authorization_headers_are_refused(api: Api, alice: Account, signer: Signer, first_is_good: bool) -> None:
    tokens = [alice.token, signer.thief().mint()]
    values = tokens if first_is_good else tokens[::-1]
    fields = [(b"Authorization", b"Bearer " + token.encode()) for token in values]
    response = exchange(api.url, request_bytes("GET", b"/api/users/me", fields))
    assert (response.status, response.json()["code"]) == (401, "TOKEN_INVALID")
