"""All forms of a request target (RFC 9112, 3.2)."""

import pytest

from tests.integration.gateway.server.edge import running_edge
from tests.integration.gateway.server.raw_client import exchange


def get(target: bytes, verb: bytes = b"GET") -> bytes:
    return verb + b" " + target + b" HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"/a/b?c=d", b"/a/b", b"c=d", b"localhost"),
        (b"http://elsewhere/a/b?c=d", b"/a/b", b"c=d", b"elsewhere"),
        (b"HTTP://elsewhere:8080/a", b"/a", b"", b"elsewhere:8080"),
        (b"https://elsewhere/a", b"/a", b"", b"elsewhere"),
        (b"http://[::1]:80/a", b"/a", b"", b"[::1]:80"),
        (b"http://elsewhere", b"/", b"", b"elsewhere"),
        (b"http://elsewhere?c=d", b"/", b"c=d", b"elsewhere"),
        (b"//elsewhere/a", b"//elsewhere/a", b"", b"localhost"),
    ],
)
async def test_host_of_an_absolute_target_takes_precedence_over_the_host_field(
    target: bytes, path: bytes, query: bytes, host: bytes
) -> None:
    async with running_edge() as edge:
        assert (await exchange(edge.port, get(target))).status == 200
        (scope,) = edge.application.seen
        assert (scope["raw_path"], scope["query_string"]) == (path, query)
        assert sorted(scope["headers"]) == [(b"host", host), (b"x-a", b"a")]


async def test_options_with_an_asterisk_is_accepted() -> None:
    async with running_edge() as edge:
        assert (await exchange(edge.port, get(b"*", b"OPTIONS"))).status == 200
        assert edge.application.seen[0]["raw_path"] == b"*"


@pytest.mark.parametrize(
    "target",
    [
        b"*",
        b"localhost:80",
        b"x",
        b"ftp://localhost/x",
        b"http:///x",
        b"http:/x",
        b"http://user@localhost/x",
        b"http://user:password@localhost/x",
        b"http://localhost/x#fragment",
        b"?x",
    ],
)
async def test_target_that_is_neither_path_nor_url_is_refused(target: bytes) -> None:
    async with running_edge() as edge:
        answer = await exchange(edge.port, get(target))
        assert (answer.status, answer.json()["code"]) == (400, "MALFORMED_REQUEST")
        assert edge.application.seen == []


async def test_upgrade_is_ignored() -> None:
    async with running_edge() as edge:
        for protocol in (b"websocket", b"h2c"):
            request = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            settings = b"\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Version: 13\r\n\r\n"
            assert (await exchange(edge.port, request, b"Upgrade: ", protocol, settings)).status == 200
