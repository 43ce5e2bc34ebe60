"""Applications that fail."""

from typing import Any

from gateway.middleware.client_address import ClientAddress
from gateway.middleware.problem_details import ProblemDetailsMiddleware
from gateway.middleware.request_context import RequestContextMiddleware
from gateway.server.request_tasks import RequestTasks
from loguru import logger
from service_kit.request.context import current_request
from starlette.types import ASGIApp

from tests.unit.gateway.asgi import http_scope, raising


async def logged_by(failing: ASGIApp) -> list[str]:
    """Returns the log lines of one request: their level and exception."""
    lines: list[str] = []

    def keep(message: Any) -> None:
        request = current_request()
        assert request is not None
        lines.append(f"{message.record['level'].name} {message.record['exception'].value}")

    sink = logger.add(keep, level="DEBUG")
    app = RequestContextMiddleware(ProblemDetailsMiddleware(failing, str), ClientAddress())
    events: list[Any] = []

    async def send(event: Any) -> None:
        events.append(event)

    tasks = RequestTasks(lambda: None)
    try:
        await tasks.spawn_app(app, None, http_scope(), send)
        await tasks.finished()
    finally:
        logger.remove(sink)
    assert events[-1] is None
    return lines


async def test_an_error_before_the_response_is_logged_once() -> None:
    assert await logged_by(raising(ValueError("broken"))) == ["ERROR broken"]


async def test_an_error_after_the_response_has_begun_is_logged_once() -> None:
    assert await logged_by(raising(ValueError("broken"), after_start=True)) == ["ERROR broken"]
