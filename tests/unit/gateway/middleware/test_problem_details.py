import asyncio
from collections.abc import Iterator

import orjson
import pytest
from gateway.exchange import exchange_of
from gateway.middleware.client_address import ClientAddress
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from gateway.middleware.request_context import RequestContextMiddleware
from gateway.problems import Decision, Problem
from loguru import logger
from service_kit.request.errors import Violation
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import Response, answering, call, exchange_in, http_scope, raising

TITLES = {"RATE_LIMITED": "Slow down", "INTERNAL": "Our fault"}


def layer(app: ASGIApp) -> ASGIApp:
    return ProblemDetailsMiddleware(app, lambda code: TITLES.get(code, code))


async def answer(problem: Exception, method: str = "GET") -> Response:
    scope = http_scope(method)
    exchange_in(scope)
    return await call(layer(raising(problem)), scope)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", diagnose=False)
    yield lines
    logger.remove(sink)


async def test_success_passes_unchanged() -> None:
    scope = http_scope()
    exchange = exchange_in(scope)
    response = await call(layer(answering(b"fine")), scope)
    assert (response.status, response.body, exchange.code) == (200, b"fine", None)


async def test_problem_is_answered_as_a_document() -> None:
    decision = Decision("rate_limit", "exhausted", limit=10, remaining=0, retry_after_s=7)
    problem = Problem(429, "RATE_LIMITED", "Later.", [Violation("a", "b", "c")], decision, [(b"allow", b"GET")])
    scope = http_scope()
    exchange = exchange_in(scope)
    response = await call(layer(raising(problem)), scope)
    assert response.status == 429
    assert orjson.loads(response.body) == {
        "type": "urn:headrace:reason:RATE_LIMITED",
        "title": "Slow down",
        "status": 429,
        "detail": "Later.",
        "code": "RATE_LIMITED",
        "request_id": "request-1",
        "violations": [{"field": "a", "rule": "b", "message": "c"}],
        "decision": {"policy": "rate_limit", "state": "exhausted", "limit": 10, "remaining": 0, "retry_after_s": 7},
    }
    assert response.headers == [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(response.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"allow", b"GET"),
        (b"retry-after", b"7"),
    ]
    assert (exchange.code, exchange.decision) == ("RATE_LIMITED", decision)


@pytest.mark.parametrize(
    ("code", "challenge"),
    [
        ("CREDENTIALS_MISSING", b'Bearer realm="headrace"'),
        ("TOKEN_INVALID", b'Bearer realm="headrace", error="invalid_token"'),
        ("TOKEN_EXPIRED", b'Bearer realm="headrace", error="invalid_token"'),
        ("WRONG_CREDENTIALS", b'Bearer realm="headrace"'),
    ],
)
async def test_401_has_a_challenge(code: str, challenge: bytes) -> None:
    assert (await answer(Problem(401, code))).header(b"www-authenticate") == challenge


async def test_other_status_has_no_challenge() -> None:
    assert (await answer(Problem(403, "ACCESS_DENIED"))).header(b"www-authenticate") is None


async def test_unexpected_error_is_logged_once_and_not_disclosed(log: list[str]) -> None:
    response = await answer(ValueError("password of the database"))
    assert response.status == 500
    assert orjson.loads(response.body)["code"] == "INTERNAL"
    assert b"password" not in response.body
    assert len(log) == 1
    assert "password of the database" in log[0]


@pytest.mark.parametrize("error", [Problem(404, "GONE"), ValueError("broken")])
async def test_error_after_the_response_started_is_raised(error: Exception, log: list[str]) -> None:
    app = RequestContextMiddleware(layer(raising(error, after_start=True)), ClientAddress())
    scope = http_scope()
    with pytest.raises(type(error)):
        await call(app, scope)
    assert exchange_of(scope).status == 200
    assert log == []  # the server does: see tests/unit/gateway/server/test_request_tasks.py


async def test_cancellation_is_raised(log: list[str]) -> None:
    with pytest.raises(asyncio.CancelledError):
        await call(layer(raising(asyncio.CancelledError())), _opened())
    assert log == []


def _opened() -> dict[str, object]:
    scope = http_scope()
    exchange_in(scope)
    return dict(scope)
