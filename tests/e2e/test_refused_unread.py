"""Bodies of anonymous clients: refused unread, or limited to a small share of memory."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BODY_BINDINGS, ROWS, WELL_FORMED, Style
from tests.e2e.orders import order_fields
from tests.e2e.raw_http import RawResponse, exchange, request_bytes
from tests.e2e.shapes import assert_success

BODIES = [(rpc, style) for rpc, style in BODY_BINDINGS if not ROWS[rpc].public]
HALF_A_BODY = [(b"Content-Type", b"application/json"), (b"Content-Length", b"100")]
BAD = {
    "none": ([], "CREDENTIALS_MISSING"),
    "not a token": ([(b"Authorization", b"Bearer x")], "TOKEN_INVALID"),
    "another scheme": ([(b"Authorization", b"Basic eDp5")], "TOKEN_INVALID"),
    "a bad token with a cookie": ([(b"Authorization", b"Bearer x"), (b"Cookie", b"session_key=x")], "TOKEN_INVALID"),
}


def assert_refused(response: RawResponse, status: int, code: str) -> None:
    assert (response.status, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(("headers", "code"), BAD.values(), ids=BAD)
@pytest.mark.parametrize(("rpc", "style"), BODIES)
def test_body_without_valid_credentials_is_refused_unread(
    api: Api, rpc: str, style: Style, headers: list[tuple[bytes, bytes]], code: str
) -> None:
    binding = ROWS[rpc][style]
    path, _ = binding.fill(WELL_FORMED["GetOrder"])
    request = request_bytes(binding.verb, path.encode(), [*HALF_A_BODY, *headers], b"{")
    assert_refused(exchange(api.url, request), 401, code)


def test_body_from_another_site_is_refused_unread(api: Api, newcomer: Account) -> None:
    headers = [*HALF_A_BODY, (b"Cookie", newcomer.cookie.encode()), (b"Sec-Fetch-Site", b"cross-site")]
    request = request_bytes("POST", b"/api/orders/add", headers, b"{")
    assert_refused(exchange(api.url, request), 403, "CROSS_SITE_REQUEST")


def test_large_anonymous_bodies_take_no_memory_from_users(api: Api, alice: Account) -> None:
    size = 100_000
    cookie = [(b"Cookie", b"session_key=anything"), (b"Sec-Fetch-Site", b"same-origin")]
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % size), *cookie]
    head = request_bytes("POST", b"/api/orders/add", headers)
    address = urlsplit(api.url)
    with ExitStack() as connections:
        for _ in range(64):
            connection = socket.create_connection((address.hostname, address.port), timeout=15)
            connections.enter_context(connection)
            connection.sendall(head + b" " * (size - 1))

        refused = exchange(api.url, head, b" " * (size - 1))
        assert_refused(refused, 503, "OVERLOADED")
        decision = refused.json()["decision"]
        assert (decision["policy"], decision["state"]) == ("body_memory", "client_share")
        for _ in range(8):
            assert_success(api.call("CreateOrder", fields=order_fields(), token=alice.token), 201)
