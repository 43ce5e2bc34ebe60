import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from gateway.middleware.access_log import AccessLogMiddleware
from loguru import logger
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import (
    answering,
    call,
    exchange_in,
    http_scope,
    policy,
    principal,
    raising,
)


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    records: list[dict[str, Any]] = []
    sink = logger.add(lambda message: records.append(dict(message.record)), format="{message}", level="DEBUG")
    yield records
    logger.remove(sink)


def layer(app: ASGIApp) -> ASGIApp:
    return AccessLogMiddleware(app)


async def test_one_line_has_the_user_the_request_and_the_outcome(lines: list[dict[str, Any]]) -> None:
    scope = http_scope("PATCH", "/things/7", query_string=b"secret=1")
    exchange = exchange_in(scope, policy=policy(), principal=principal(user_id="u-9"))
    exchange.status, exchange.response_bytes, exchange.code = 409, 12, "THING_TAKEN"
    await call(layer(answering()), scope)
    (line,) = lines
    assert line["level"].name == "INFO"
    duration_ms = line["extra"].pop("duration_ms")
    assert 0 <= duration_ms < 1000
    assert line["extra"] == {
        "method": "PATCH",
        "route": "/things/{thing_id}",
        "path": "/things/7",
        "status": 409,
        "bytes": 12,
        "code": "THING_TAKEN",
        "user_id": "u-9",
        "client_address": "192.0.2.1",
    }
    assert "secret" not in str(line)


async def test_server_error_is_logged_as_an_error(lines: list[dict[str, Any]]) -> None:
    scope = http_scope()
    exchange_in(scope).status = 503
    await call(layer(answering()), scope)
    assert lines[0]["level"].name == "ERROR"


async def test_request_of_a_disconnected_client_is_logged_as_499(lines: list[dict[str, Any]]) -> None:
    scope = http_scope()
    exchange_in(scope)
    with pytest.raises(asyncio.CancelledError):
        await call(layer(raising(asyncio.CancelledError())), scope)
    assert lines[0]["extra"]["status"] == 499


async def test_path_can_neither_forge_nor_flood_the_log(lines: list[dict[str, Any]]) -> None:
    scope = http_scope(raw_path=b"/\n{x}<red>\x1b[31m\xff" + b"y" * 10_000)
    exchange_in(scope)
    await call(layer(answering()), scope)
    path = lines[0]["extra"]["path"]
    assert path.startswith("/\\n{x}<red>\\x1b[31m\\\\xff")
    assert len(path) < 300
    assert path.endswith("…")
    assert path in lines[0]["message"]
