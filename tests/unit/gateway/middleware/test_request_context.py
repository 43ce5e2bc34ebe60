import pytest
from gateway.exchange import exchange_of
from gateway.middleware.client_address import ClientAddress
from gateway.middleware.request_context import RequestContextMiddleware
from service_kit.request.context import current_request
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.gateway.asgi import answering, call, http_scope


def layer(app: ASGIApp) -> ASGIApp:
    return RequestContextMiddleware(app, ClientAddress(["10.0.0.0/8"]))


@pytest.mark.parametrize("request_id", [b"a", b"x" * 128, b"!~{}"])
async def test_valid_request_id_is_kept(request_id: bytes) -> None:
    response = await call(layer(answering()), http_scope(headers=[(b"x-request-id", request_id)]))
    assert response.header(b"x-request-id") == request_id


@pytest.mark.parametrize("request_id", [b"", b"x" * 129, b"a b", b"\xe9", b"a\x00", None])
async def test_invalid_request_id_is_replaced(request_id: bytes | None) -> None:
    headers = [] if request_id is None else [(b"x-request-id", request_id)]
    response = await call(layer(answering()), http_scope(headers=headers))
    minted = response.header(b"x-request-id")
    assert minted is not None
    assert len(minted) == 32
    assert minted != request_id


async def test_context_is_read_from_the_request() -> None:
    scope = http_scope(
        headers=[
            (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            (b"user-agent", "Bröwser/1 ".encode() + b"x" * 1000),
            (b"x-forwarded-for", b"203.0.113.7"),
        ],
        client=("10.1.2.3", 1),
    )

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        request = current_request()
        assert request is exchange_of(scope).request
        assert request.trace.trace_id == "0af7651916cd43dd8448eb211c80319c"
        assert request.client_address == "203.0.113.7"
        assert request.user_agent.startswith("Bröwser/1 x")
        assert len(request.user_agent) == 256

    await call(layer(app), scope)


async def test_response_headers_of_the_exchange_are_sent_once() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).response_headers.append((b"ratelimit", b"r=1"))
        await answering(b"12345", [(b"content-type", b"text/plain")], 201)(scope, receive, send)

    scope = http_scope()
    response = await call(layer(app), scope)
    assert response.header(b"ratelimit") == b"r=1"
    assert response.header(b"x-content-type-options") == b"nosniff"
    assert response.header(b"content-type") == b"text/plain"
    assert response.header(b"cache-control") is None
    assert (exchange_of(scope).status, exchange_of(scope).response_bytes) == (201, 5)


async def test_response_with_a_secret_must_not_be_stored() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).secret = True
        await answering(headers=[(b"cache-control", b"public, max-age=600")])(scope, receive, send)

    response = await call(layer(app), http_scope())
    assert response.header(b"cache-control") == b"no-store"


async def test_client_without_an_address_has_an_empty_one() -> None:
    scope = http_scope(client=None)
    await call(layer(answering()), scope)
    assert exchange_of(scope).request.client_address == ""
