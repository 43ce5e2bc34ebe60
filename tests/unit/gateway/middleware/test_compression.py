import gzip

import pytest
from gateway.exchange import exchange_of
from gateway.middleware.compression import CompressionMiddleware
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.gateway.asgi import Response, answering, call, exchange_in, http_scope

LARGE = b'{"text":"' + b"headrace " * 400 + b'"}'
JSON = (b"content-type", b"application/json")


def length(body: bytes) -> tuple[bytes, bytes]:
    return (b"content-length", str(len(body)).encode())


async def answer(app: ASGIApp, accept_encoding: bytes | None = b"gzip, br", *, secret: bool = False) -> Response:
    headers = [] if accept_encoding is None else [(b"accept-encoding", accept_encoding)]
    scope = http_scope(headers=headers)
    exchange_in(scope).secret = secret
    return await call(CompressionMiddleware(app), scope)


@pytest.mark.parametrize(
    "accept", [b"gzip", b"gzip, deflate, br", b"br;q=1, GZIP;q=0.1", b"*", b"x-gzip", b"gzip ; q=0.001"]
)
async def test_large_response_is_compressed_for_a_client_that_accepts_gzip(accept: bytes) -> None:
    response = await answer(answering(LARGE, [JSON, length(LARGE)]), accept)
    assert response.header(b"content-encoding") == b"gzip"
    assert response.header(b"vary") == b"Accept-Encoding"
    assert response.header(b"content-length") == str(len(response.body)).encode()
    assert gzip.decompress(response.body) == LARGE


@pytest.mark.parametrize(
    "accept", [None, b"", b"br", b"gzip;q=0", b"gzip;q=0.000, *", b"*;q=0", b"identity", b"gzip;q=x", b"gzippo"]
)
async def test_large_response_is_not_compressed_for_other_clients(accept: bytes | None) -> None:
    response = await answer(answering(LARGE, [JSON, length(LARGE)]), accept)
    assert response.header(b"content-encoding") is None
    assert response.header(b"vary") == b"Accept-Encoding"
    assert response.body == LARGE


@pytest.mark.parametrize(("size", "compressed"), [(1023, False), (1024, True)])
@pytest.mark.parametrize("declared", [True, False])
async def test_small_response_is_not_compressed(size: int, compressed: bool, declared: bool) -> None:
    body = b"x" * size
    response = await answer(answering(body, [JSON, length(body)] if declared else [JSON]))
    assert (response.header(b"content-encoding") == b"gzip") is compressed


@pytest.mark.parametrize("header", [(b"set-cookie", b"session_key=x"), (b"content-encoding", b"br")])
async def test_response_with_a_cookie_is_not_compressed(header: tuple[bytes, bytes]) -> None:
    response = await answer(answering(LARGE, [JSON, header]))
    assert response.header(b"content-encoding") in {None, b"br"}
    assert response.body == LARGE


async def test_response_of_a_secret_exchange_is_not_compressed() -> None:
    response = await answer(answering(LARGE, [JSON]), secret=True)
    assert response.header(b"content-encoding") is None


async def test_response_is_not_compressed_when_the_exchange_becomes_secret() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).secret = True
        await answering(LARGE, [JSON])(scope, receive, send)

    assert (await answer(app)).header(b"content-encoding") is None


async def test_stream_is_compressed_piece_by_piece() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [JSON]})
        for _ in range(3):
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    response = await answer(app)
    assert response.header(b"content-encoding") == b"gzip"
    assert gzip.decompress(response.body) == LARGE * 3


async def test_error_between_start_and_body_still_becomes_a_problem() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [JSON]})
        raise ValueError("late")

    response = await answer(ProblemDetailsMiddleware(app, str))
    assert response.status == 500
    assert [message["type"] for message in response.messages] == ["http.response.start", "http.response.body"]


async def test_compressed_response_has_its_own_entity_tag() -> None:
    app = answering(LARGE, [JSON, length(LARGE), (b"etag", b'"1"')])
    assert (await answer(app)).header(b"etag") == b'"1-gzip"'
    assert (await answer(app, b"identity")).header(b"etag") == b'"1"'
    weak = answering(LARGE, [JSON, length(LARGE), (b"etag", b'W/"1"')])
    assert (await answer(weak)).header(b"etag") == b'W/"1"'
    small = answering(b"{}", [JSON, length(b"{}"), (b"etag", b'"1"')])
    assert (await answer(small)).header(b"etag") == b'"1"'


async def test_response_without_a_body_keeps_its_entity_tag() -> None:
    response = await answer(answering(b"", [(b"etag", b'"1-gzip"')], status=304))
    assert (response.status, response.header(b"etag"), response.body) == (304, b'"1-gzip"', b"")


@pytest.mark.parametrize("accept", [b"gzip", b"identity"])
async def test_response_to_head_has_the_header_fields_of_get(accept: bytes) -> None:
    async def ask(method: str) -> Response:
        scope = http_scope(method, headers=[(b"accept-encoding", accept)])
        exchange_in(scope)
        return await call(CompressionMiddleware(answering(LARGE, [JSON, length(LARGE)])), scope)

    get, head = await ask("GET"), await ask("HEAD")
    assert sorted(head.headers) == sorted(get.headers)
    assert (len(get.body) > 0, head.body) == (True, b"")


async def test_own_pages_of_the_gateway_are_not_compressed_again() -> None:
    scope = http_scope(headers=[(b"accept-encoding", b"gzip")])
    exchange_in(scope).page = "/docs"
    response = await call(CompressionMiddleware(answering(LARGE, [JSON, length(LARGE)])), scope)
    assert response.body == LARGE


async def test_long_accept_encoding_is_ignored() -> None:
    response = await answer(answering(LARGE, [JSON, length(LARGE)]), b"gzip" + b"," * 16_000)
    assert response.header(b"content-encoding") is None
