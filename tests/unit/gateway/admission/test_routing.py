"""Where a request is led to: an endpoint of the contract, a page of the gateway, or a refusal."""

import pytest
from gateway.admission.routing import RoutingStep
from gateway.exchange import exchange_of
from gateway.openapi.pages import pages
from gateway.problems import Problem
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from starlette.types import Receive, Scope, Send

from tests.examples.contracts import headrace_contract
from tests.unit.gateway.asgi import Response, admitting, call, exchange_in, http_scope

ROUTER = Router(endpoints_of(headrace_contract()))


async def _endpoint(scope: Scope, _receive: Receive, send: Send) -> None:
    endpoint = exchange_of(scope).endpoint
    assert endpoint is not None
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": endpoint.method.name.encode()})


async def _answer(method: str, path: str) -> Response:
    scope = http_scope(method, path)
    exchange_in(scope)
    return await call(admitting(RoutingStep(ROUTER, pages({"openapi": "3.1.0"})), endpoint=_endpoint), scope)


async def _refused(method: str, path: str) -> Problem:
    with pytest.raises(Problem) as refused:
        await _answer(method, path)
    return refused.value


async def test_path_of_an_endpoint_is_routed_to_it() -> None:
    assert (await _answer("GET", "/api/v1/orders")).body == b"ListOrders"


async def test_options_of_the_whole_server_lists_all_methods() -> None:
    response = await _answer("OPTIONS", "*")
    assert response.status == 204
    assert response.header(b"allow") == b"DELETE, GET, HEAD, PATCH, POST, PUT, OPTIONS"


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/", "/docs/start.js"])
async def test_path_of_a_page_is_routed_to_it(path: str) -> None:
    assert (await _answer("GET", path)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        *["/openapi.json/", "/openapi.json/x", "/openapi.jsonx", "/docs/x", "/docs/start.js/x", "/docsx"],
        *["/docs%2Fstart.js", "/api%2Fusers%2Fme", "/api/users%2fme", "/api%252Fusers%252Fme", "/API/users/me"],
        *[
            "//api/users/me",
            "/api//users/me",
            "/api/users/me/",
            "/api/users/me;x",
            "/api/users/me%20",
            "/api\\users\\me",
        ],
    ],
)
async def test_unknown_path_is_a_404(path: str) -> None:
    problem = await _refused("GET", path)
    assert (problem.status, problem.code) == (404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/users/%zz", "/%", "/docs/%f", "/api/v1/orders/%ff", "/openapi.json%C3"])
async def test_path_that_cannot_be_decoded_is_a_400(path: str) -> None:
    problem = await _refused("GET", path)
    assert (problem.status, problem.code) == (400, "MALFORMED_REQUEST")


async def test_other_method_is_refused_with_the_allowed_ones() -> None:
    for path, allow in (("/api/v1/orders", b"GET, HEAD, POST"), ("/openapi.json", b"GET, HEAD")):
        problem = await _refused("PUT", path)
        assert (problem.status, list(problem.headers)) == (405, [(b"allow", allow)])
    answer = await _answer("OPTIONS", "/api/v1/orders")
    assert (answer.status, answer.header(b"allow")) == (204, b"GET, HEAD, POST")
    assert (answer.header(b"accept-post"), answer.header(b"accept-patch")) == (b"application/json", None)
    answer = await _answer("OPTIONS", "/api/v1/orders/1")
    assert (answer.header(b"accept-post"), answer.header(b"accept-patch")) == (None, b"application/json")
