import orjson
import pytest
from gateway.middleware.cors import CorsMiddleware
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from gateway.origins import parse_origins
from gateway.problems import Problem
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import Response, answering, call, exchange_in, http_scope, raising

APP = "https://app.example.com"


def layer(app: ASGIApp) -> ASGIApp:
    return CorsMiddleware(app, [APP, "http://localhost:5173"], str.capitalize)


async def simple(origin: str, app: ASGIApp | None = None) -> Response:
    scope = http_scope(headers=[(b"origin", origin.encode())])
    exchange_in(scope)
    return await call(layer(app or answering()), scope)


async def preflight(origin: str, method: str = "PATCH", headers: str = "authorization,if-match") -> Response:
    asked = [
        (b"origin", origin.encode()),
        (b"access-control-request-method", method.encode()),
        (b"access-control-request-headers", headers.encode()),
    ]
    scope = http_scope("OPTIONS", headers=asked)
    exchange_in(scope)
    return await call(layer(raising(AssertionError("a preflight ends here"))), scope)


async def test_allowed_origin_may_read_the_response_and_its_headers() -> None:
    response = await simple(APP)
    assert response.header(b"access-control-allow-origin") == APP.encode()
    assert response.header(b"access-control-allow-credentials") == b"true"
    exposed = (response.header(b"access-control-expose-headers") or b"").split(b", ")
    assert {b"X-Access-Token", b"RateLimit", b"Retry-After", b"ETag", b"Location", b"X-Request-Id"} <= set(exposed)
    assert response.header(b"vary") == b"Origin"


async def test_allowed_origin_may_read_a_problem() -> None:
    inner = ProblemDetailsMiddleware(raising(Problem(404, "GONE")), str)
    response = await simple(APP, inner)
    assert response.status == 404
    assert response.header(b"access-control-allow-origin") == APP.encode()


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "https://APP.example.com/",
    ],
)
async def test_other_origin_may_not_read_the_response(origin: str) -> None:
    response = await simple(origin)
    assert response.header(b"access-control-allow-origin") is None
    assert response.header(b"vary") == b"Origin"
    assert (await preflight(origin)).header(b"access-control-allow-origin") is None


async def test_response_varies_by_origin_even_without_one() -> None:
    response = await call(layer(answering(headers=[(b"vary", b"Accept-Encoding")])), http_scope())
    assert response.header(b"vary") == b"Accept-Encoding, Origin"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_preflight_is_answered(method: str) -> None:
    headers = "authorization, content-type, if-match, idempotency-key, x-request-id, traceparent, request-timeout"
    response = await preflight(APP, method, headers)
    assert response.status in {200, 204}
    assert response.header(b"access-control-allow-origin") == APP.encode()
    assert response.header(b"access-control-allow-credentials") == b"true"
    assert response.header(b"access-control-max-age") == b"600"
    assert method.encode() in (response.header(b"access-control-allow-methods") or b"")
    assert b"Origin" in (response.header(b"vary") or b"")


@pytest.mark.parametrize(("method", "headers"), [("TRACE", ""), ("GET", "x-evil")])
async def test_preflight_for_an_unsupported_request_fails(method: str, headers: str) -> None:
    response = await preflight(APP, method, headers)
    assert response.status == 400
    assert response.header(b"content-type") == b"application/problem+json"
    assert orjson.loads(response.body)["code"] == "INVALID_REQUEST"
    assert orjson.loads(response.body)["detail"].startswith("Disallowed CORS ")
    assert response.header(b"access-control-allow-origin") == APP.encode()
    assert b"Origin" in (response.header(b"vary") or b"")


async def test_cors_is_off_without_origins() -> None:
    asked = [(b"origin", APP.encode()), (b"access-control-request-method", b"GET")]
    response = await call(CorsMiddleware(answering(b"app"), (), str.capitalize), http_scope("OPTIONS", headers=asked))
    assert response.body == b"app"
    assert response.headers == []


@pytest.mark.parametrize(
    "wrong", ["*", "null", "https://*.example.com", "app.example.com", "https://a/b", "ftp://a", "", "https://a:b"]
)
def test_invalid_origin_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        parse_origins([APP, wrong])


def test_origins_are_normalised_to_the_form_of_browsers() -> None:
    assert parse_origins([" https://App.Example.com/ ", "http://[::1]:5173"]) == {APP, "http://[::1]:5173"}
