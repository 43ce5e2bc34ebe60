"""Clients that send bodies slowly do not block other clients."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2

from tests.conftest import StartStack
from tests.e2e.raw_http import request_bytes

PLACES = 2


def test_slow_bodies_hold_no_concurrency_permits(start_stack: StartStack) -> None:
    stack = start_stack({"GATEWAY_MAX_CONCURRENCY": str(PLACES), "GATEWAY_MAX_QUEUE": "0"})
    address = urlsplit(stack.url)
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"100")]
    half_sent = request_bytes("POST", b"/api/users/log", headers, b"{")

    with ExitStack() as connections:
        for _ in range(4 * PLACES):
            connection = socket.create_connection((address.hostname, address.port), timeout=15)
            connections.enter_context(connection)
            connection.sendall(half_sent)

        assert httpx2.get(f"{stack.url}/.well-known/jwks.json", timeout=15).status_code == 200
