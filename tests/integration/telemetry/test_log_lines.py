"""Log lines of a request: one at the gateway, one per call, and one per error."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import psycopg
import pytest

from tests.conftest import StartStack
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.people import ORDER, Person, newcomer
from tests.running.log_lines import AS_JSON, lines_of, written
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

_PATH = "/api/v1/orders"
_UNKNOWN = f"{_PATH}/0190b3a1-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def logging(start_stack: StartStack) -> Stack:
    return start_stack(AS_JSON)


@pytest.fixture(scope="module")
def person(logging: Stack) -> Person:
    return asyncio.run(newcomer(logging.url))


def ask(stack: Stack, method: str, path: str, person: Person, body: object = None) -> tuple[Answer, str]:
    """Sends a request, and returns the response and the request id."""
    request_id = secrets.token_hex(16)

    async def once() -> Answer:
        connection = HttpConnection(stack.url)
        headers = {"X-Request-Id": request_id}
        try:
            return await connection.request(method, path, token=person.token, body=body, headers=headers)
        finally:
            connection.close()

    return asyncio.run(once()), request_id


def told(stack: Stack, person: Person, request_id: str) -> dict[str, list[dict[str, Any]]]:
    """Returns all log lines of a finished request: waits until a later request is logged."""
    _, after = ask(stack, "GET", _PATH, person)
    written(stack, "gateway", after), written(stack, "order-svc", after)
    return {process: lines_of(stack, process, request_id) for process in ("gateway", "user-svc", "order-svc")}


def test_request_is_one_log_line_and_its_call_another(logging: Stack, person: Person) -> None:
    answer, request_id = ask(logging, "POST", "/api/orders/add", person, ORDER)
    lines = told(logging, person, request_id)
    [access], [call] = lines["gateway"], lines["order-svc"]
    # The first use of the session's key is reported beside the request.
    assert {line["message"] for line in lines["user-svc"]} <= {"rpc"}
    assert all(line["method"].endswith("/ReportUse") for line in lines["user-svc"])
    assert (
        access.items()
        >= {
            "level": "INFO",
            "method": "POST",
            "route": "/api/orders/add",
            "status": 201,
            "code": None,
            "bytes": len(answer.body),
            "user_id": person.user_id,
            "client_address": "127.0.0.1",
        }.items()
    )
    assert (
        call.items()
        >= {
            "level": "INFO",
            "message": "rpc",
            "method": "order.v1.OrderService/CreateOrder",
            "status": "OK",
            "code": "",
            "user_id": person.user_id,
            "trace_id": access["trace_id"],
        }.items()
    )
    assert 0 < call["duration_ms"] < access["duration_ms"]
    assert 0 < call["bytes"] < 1000


def test_refusal_is_logged_with_its_code_and_not_as_an_error(logging: Stack, person: Person) -> None:
    answer, request_id = ask(logging, "GET", _UNKNOWN, person)
    lines = told(logging, person, request_id)
    [access], [call] = lines["gateway"], lines["order-svc"]
    assert access.items() >= {"level": "INFO", "status": 404, "code": "ORDER_NOT_FOUND"}.items()
    assert call.items() >= {"level": "INFO", "status": "NOT_FOUND", "code": "ORDER_NOT_FOUND", "bytes": 0}.items()
    assert access["bytes"] == len(answer.body)


def order_database(stack: Stack, *, autocommit: bool) -> psycopg.Connection:
    """Yields a connection of the role that owns the tables."""
    url = (stack.data_dir / "secrets" / "order-svc-migration-database-url").read_text().strip()
    return psycopg.connect(url, autocommit=autocommit)


@contextmanager
def without_orders(stack: Stack) -> Iterator[None]:
    """Renames a table within the context, so that the service fails with an unexpected error."""
    with order_database(stack, autocommit=True) as connection:
        connection.execute("ALTER TABLE orders RENAME TO gone")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE gone RENAME TO orders")


@contextmanager
def locked_orders(stack: Stack) -> Iterator[None]:
    """Locks a table within the context, so that queries wait."""
    with order_database(stack, autocommit=False) as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        yield


def test_unexpected_error_is_logged_once_in_the_process_where_it_happened(logging: Stack, person: Person) -> None:
    with without_orders(logging):
        answer, request_id = ask(logging, "GET", _UNKNOWN, person)
    assert (answer.status, answer.json()["code"]) == (500, "INTERNAL")
    lines = told(logging, person, request_id)
    [access], [error, call] = lines["gateway"], lines["order-svc"]
    assert access.items() >= {"level": "ERROR", "status": 500, "code": "INTERNAL"}.items()
    assert call.items() >= {"level": "ERROR", "status": "INTERNAL", "code": "INTERNAL"}.items()
    assert error.items() >= {"level": "ERROR", "message": "unexpected error", "user_id": person.user_id}.items()
    assert "UndefinedTable" in error["exception"]
    assert not [line for line in (access, call) if "UndefinedTable" in str(line)]


def test_cancelled_call_is_one_log_line(logging: Stack, person: Person) -> None:
    with locked_orders(logging):
        answer, request_id = ask(logging, "GET", _UNKNOWN, person)
    assert answer.status == 504
    written(logging, "order-svc", request_id)
    lines = told(logging, person, request_id)["order-svc"]
    # The driver may log the end of the connection to PostgreSQL, which is a different matter.
    [call] = [line for line in lines if line["logger"].startswith(("service_kit.grpc", "grpclib"))]
    assert (call["message"], call["status"] in {"CANCELLED", "DEADLINE_EXCEEDED"}) == ("rpc", True)


def test_secrets_are_masked_anywhere_in_a_log_line(logging: Stack, person: Person) -> None:
    _, request_id = ask(logging, "GET", f"/nowhere/{person.token}?token={person.token}", person)
    [access] = told(logging, person, request_id)["gateway"]
    assert access["path"] == "/nowhere/********"
    assert person.token.rpartition(".")[2] not in str(access)


@pytest.mark.parametrize("process", ["gateway", "order-svc"])
def test_log_level_is_changed_at_run_time(process: str, logging: Stack, person: Person) -> None:
    address = f"{logging.admin_url(process)}/log-level"
    assert httpx2.put(address, json={"level": "WARNING"}).json()["level"] == "WARNING"
    try:
        _, quiet = ask(logging, "GET", _UNKNOWN, person)
    finally:
        assert httpx2.put(address, json={"level": "INFO"}).json()["level"] == "INFO"
    lines = told(logging, person, quiet)
    other = {"gateway": "order-svc", "order-svc": "gateway"}[process]
    assert (len(lines[process]), len(lines[other])) == (0, 1)
