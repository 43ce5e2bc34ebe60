"""Requests that two recipients could read differently are refused, and nothing after them is read."""

import pytest

from tests.integration.gateway.server.edge import running_edge
from tests.integration.gateway.server.raw_client import GET, connected

_HOST = b"Host: localhost\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_POST = b"POST /x HTTP/1.1\r\n" + _HOST

MALFORMED = {
    "length and coding": _POST + b"Content-Length: 5\r\n" + _CHUNKED + b"\r\n0\r\n\r\n",
    "coding and length": _POST + _CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": b"POST /x HTTP/1.0\r\n" + _CHUNKED + b"\r\n0\r\n\r\n",
    "two lengths": _POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "the same length twice": _POST + b"Content-Length: 2\r\ncontent-length: 2\r\n\r\nab",
    "a list of lengths": _POST + b"Content-Length: 2, 2\r\n\r\nab",
    "a length with a sign": _POST + b"Content-Length: +2\r\n\r\nab",
    "a negative length": _POST + b"Content-Length: -2\r\n\r\nab",
    "a length in hexadecimal": _POST + b"Content-Length: 0x2\r\n\r\nab",
    "no length at all": _POST + b"Content-Length:\r\n\r\nab",
    "a bare LF after a field": b"GET /x HTTP/1.1\r\nHost: localhost\n\r\n",
    "a bare LF after the request line": b"GET /x HTTP/1.1\n" + _HOST + b"\r\n",
    "a bare LF for the empty line": b"GET /x HTTP/1.1\r\n" + _HOST + b"\n",
    "bare LFs only": b"GET /x HTTP/1.1\nHost: localhost\n\n",
    "a bare LF to begin with": b"\nGET /x HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a bare CR": b"GET /x HTTP/1.1\r\n" + _HOST + b"X-A: a\rX-B: b\r\n\r\n",
    "a folded field": b"GET /x HTTP/1.1\r\n" + _HOST + b"X-A: a\r\n b\r\n\r\n",
    "a folded length": _POST + b"Content-Length:\r\n\t5\r\n\r\nabcde",
    "a space before the colon": _POST + b"Content-Length : 5\r\n\r\nabcde",
    "NUL in a value": b"GET /x HTTP/1.1\r\n" + _HOST + b"X-A: a\x00b\r\n\r\n",
    "NUL in a name": b"GET /x HTTP/1.1\r\n" + _HOST + b"X\x00A: a\r\n\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "no host": b"GET /x HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /x HTTP/1.1\r\n" + _HOST + b"Host: other\r\n\r\n",
    "no version": b"GET /x\r\n\r\n",
    "two spaces": b"GET  /x HTTP/1.1\r\n" + _HOST + b"\r\n",
    "an empty host": b"GET /x HTTP/1.1\r\nHost:\r\n\r\n",
    "a host with a user": b"GET /x HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
    "a host with a port that is none": b"GET /x HTTP/1.1\r\nHost: localhost:http\r\n\r\n",
    "a host with an IPv6 address that is none": b"GET /x HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "an empty host in HTTP/1.0": b"GET /x HTTP/1.0\r\nHost:\r\n\r\n",
    "a URL with a host that is none": b"GET http://a_b:c/x HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a URL beside a host that is none": b"GET http://localhost/x HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "the same host twice": b"GET /x HTTP/1.1\r\n" + _HOST + _HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
VERSIONS = {
    "HTTP/2 in an HTTP/1 request line": b"GET /x HTTP/2.0\r\n" + _HOST + b"\r\n",
    "HTTP/2 without a minor version": b"GET /x HTTP/2\r\n" + _HOST + b"\r\n",
    "HTTP/3": b"GET /x HTTP/3.0\r\n" + _HOST + b"\r\n",
    "HTTP/0.9": b"GET /x HTTP/0.9\r\n\r\n",
    "HTTP/1.2": b"GET /x HTTP/1.2\r\n" + _HOST + b"\r\n",
    "a version without a point": b"GET /x HTTP/11\r\n" + _HOST + b"\r\n",
    "the HTTP/2 preface with header fields": b"PRI * HTTP/2.0\r\n" + _HOST + b"\r\n",
    "the HTTP/2 preface after an empty line": b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the HTTP/2 preface with another end": b"PRI * HTTP/2.0\r\n\r\nsm\r\n\r\n",
}
NOT_IMPLEMENTED = {
    "an unknown coding": _POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a coding before chunked": _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": _POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two codings": _POST + _CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "almost chunked": _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "quoted chunked": _POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "CONNECT": b"CONNECT elsewhere:443 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "CONNECT to a path": b"CONNECT /x HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a method in lower case": b"get /x HTTP/1.1\r\n" + _HOST + b"\r\n",
}
_CAUSES = {400: "malformed", 501: "not_implemented", 505: "version"}
# The following bytes are a request for a recipient that reads the first one differently.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CASES = [(request, 400, "MALFORMED_REQUEST") for request in MALFORMED.values()]
CASES += [(request, 505, "HTTP_VERSION_NOT_SUPPORTED") for request in VERSIONS.values()]
CASES += [(request, 501, "NOT_IMPLEMENTED") for request in NOT_IMPLEMENTED.values()]


@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
@pytest.mark.parametrize(("request_text", "status", "code"), CASES, ids=[*MALFORMED, *VERSIONS, *NOT_IMPLEMENTED])
async def test_ambiguous_framing_is_refused(request_text: bytes, status: int, code: str, in_pieces: bool) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        for byte in request_text + SMUGGLED if in_pieces else [request_text + SMUGGLED]:
            client.send(bytes([byte]) if isinstance(byte, int) else byte)
            if in_pieces:
                await client.writer.drain()
        answer = await client.answer()
        assert await client.rest() == b""
        problem = answer.json()
        assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
        assert answer.is_last
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"] == problem["request_id"]
        assert edge.application.seen == []
        assert edge.refusals() == {_CAUSES[status]: 1}


async def test_second_of_two_pipelined_requests_is_checked_too() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(GET, MALFORMED["length and coding"], SMUGGLED)
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 400
        assert await client.rest() == b""
        assert edge.application.paths() == ["/x"]


BODIES = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "a size that is none": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "a size too short": b"2\r\nabc\r\n0\r\n\r\n",
    "a bare LF after the size": b"3\nabc\r\n0\r\n\r\n",
    "a bare LF after a trailer": b"3\r\nabc\r\n0\r\nX-A: a\n\r\n",
    "a bare LF for the empty line": b"3\r\nabc\r\n0\r\nX-A: a\r\n\n",
    "a folded trailer": b"3\r\nabc\r\n0\r\nX-A: a\r\n b\r\n\r\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_malformed_body_is_refused_while_it_is_read(body: bytes) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"POST /echo HTTP/1.1\r\n", _HOST, _CHUNKED, b"\r\n", body, SMUGGLED)
        answer = await client.answer()
        assert (answer.status, answer.json()["code"], answer.is_last) == (400, "MALFORMED_REQUEST", True)
        assert await client.rest() == b""
        assert edge.application.paths() == ["/echo"]
        assert edge.application.left == 1


async def test_body_shorter_than_announced_is_refused() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"POST /echo HTTP/1.1\r\n", _HOST, b"Content-Length: 9\r\n\r\nabc")
        client.writer.write_eof()
        assert (await client.answer()).status == 400
        assert edge.application.left == 1


async def test_header_fields_beyond_the_bounds_are_refused() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"GET /x HTTP/1.1\r\n", _HOST, *[b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(1000)])
        answer = await client.answer()
        assert (answer.status, answer.json()["code"]) == (431, "HEADERS_TOO_LARGE")
        assert edge.refusals() == {"headers_too_large": 1}


@pytest.mark.parametrize("name", [b"Authorization", b"authorization"])
@pytest.mark.parametrize("before", [0, 20], ids=["first", "after others"])
async def test_token_beyond_the_bounds_is_refused_as_a_token(name: bytes, before: int) -> None:
    others = [b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(before)]
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"GET /x HTTP/1.1\r\n", _HOST, *others, name, b": Bearer ", b"x" * 1024 * 1024)
        answer = await client.answer()
        assert (answer.status, answer.json()["code"], answer.is_last) == (401, "TOKEN_INVALID", True)
        assert answer.headers["www-authenticate"] == 'Bearer realm="headrace", error="invalid_token"'
        assert edge.refusals() == {"headers_too_large": 1}
