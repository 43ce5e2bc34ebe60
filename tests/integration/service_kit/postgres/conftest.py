"""A database, and requests with deadlines."""

import time

import pytest
from service_kit.request.context import RequestContext, enter_request
from service_kit.telemetry.trace_context import continue_trace

from tests.running.servers import RunningPostgres


@pytest.fixture(scope="module")
def database_url(postgres_server: RunningPostgres) -> str:
    return postgres_server.create_database("bounded")


def enter_request_with(left_s: float) -> None:
    """Makes a request with a deadline in ``left_s`` seconds the current one."""
    enter_request(RequestContext("req-1", continue_trace(None), deadline=time.monotonic() + left_s))
