"""Requests to upgrade the protocol: they are answered over HTTP like any other request."""

import pytest

from tests.e2e.api import Api
from tests.e2e.raw_http import exchange


def websocket(target: bytes) -> bytes:
    """Returns an opening handshake (RFC 6455, 4.1)."""
    lines = [
        b"GET " + target + b" HTTP/1.1",
        b"Host: localhost",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    return b"\r\n".join([*lines, b"", b""])


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (b"/api/orders", 401, "CREDENTIALS_MISSING"),
        (b"/api/users/reg", 405, "METHOD_NOT_ALLOWED"),
        (b"/nowhere", 404, "ROUTE_NOT_FOUND"),
    ],
)
def test_websocket_upgrade_is_refused_like_the_plain_request(api: Api, target: bytes, status: int, code: str) -> None:
    response = exchange(api.url, websocket(target))
    assert (response.status, response.headers["content-type"]) == (status, "application/problem+json")
    assert (response.json()["status"], response.json()["code"]) == (status, code)


def test_websocket_upgrade_of_a_page_gets_the_page(api: Api) -> None:
    assert exchange(api.url, websocket(b"/openapi.json")).status == 200
