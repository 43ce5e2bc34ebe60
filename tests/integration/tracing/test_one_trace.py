"""One trace through all processes, as received by a collector."""

import json
import secrets
from functools import partial
from typing import Any

import pytest
from local_stack.data_dir import DataDir

from tests.faults.http_client import Answer, HttpConnection
from tests.faults.people import ORDER, Person
from tests.running.collector import Collector, SeenSpan
from tests.running.polling import eventually
from tests.running.secrets_seen import SEEN
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

_WITHIN_S = 10
_CREATE = "order.v1.OrderService/CreateOrder"
_LOGIN = "user.v1.UserService/Login"
_RENEW = "headrace.session.v1.SessionService/RenewSession"
_REQUEST = "POST /api/orders/add"


class Caller:
    """A caller that starts a trace, with the trace id and its own span id."""

    def __init__(self, flags: str = "01") -> None:
        self.trace_id, self.span_id = secrets.token_hex(16), secrets.token_hex(8)
        self.headers = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{flags}", "tracestate": "vendor=1"}

    def seen(self, collector: Collector, name: str = _REQUEST) -> list[SeenSpan]:
        """Waits for the gateway's span, which ends last, and returns the trace; other spans may still be missing."""
        eventually(lambda: collector.ended(self.trace_id, "gateway", name), within_s=_WITHIN_S)
        return collector.trace(self.trace_id)


async def order(connection: HttpConnection, person: Person, caller: Caller) -> Answer:
    headers = {"Idempotency-Key": "k", **caller.headers}
    return await connection.request("POST", "/api/orders/add", token=person.token, body=ORDER, headers=headers)


def lines_of(stack: Stack, process: str, request_id: str) -> list[dict[str, Any]] | None:
    """Returns the log lines of a request in a process; None while there are none."""
    text = (DataDir(stack.data_dir).logs / f"{process}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if f'"request_id":"{request_id}"' in line] or None


async def test_order_is_one_tree_of_spans(connection: HttpConnection, person: Person, collector: Collector) -> None:
    # The first use of a session's key is reported to user-svc, as a part of that request's trace.
    assert (await connection.request("GET", "/api/users/me", token=person.token)).status == 200
    caller = Caller()
    assert (await order(connection, person, caller)).status == 201

    caller.seen(collector)
    eventually(lambda: collector.ended(caller.trace_id, "order-svc", _CREATE), within_s=_WITHIN_S)
    trace = collector.trace(caller.trace_id)
    (request,) = (span for span in trace if span.name == _REQUEST)
    (call,) = (span for span in trace if (span.service, span.name) == ("gateway", _CREATE))
    (served,) = (span for span in trace if (span.service, span.name) == ("order-svc", _CREATE))
    assert request.parent_id == caller.span_id
    assert call.parent_id == request.span_id
    assert served.parent_id == call.span_id
    assert [span.kind for span in (request, call, served)] == ["SERVER", "CLIENT", "SERVER"]
    (counted,) = (span for span in trace if span.attributes.get("db.system.name") == "redis")
    assert (counted.service, counted.name, counted.kind) == ("gateway", "EVALSHA", "CLIENT")
    assert counted.parent_id == request.span_id
    stored = [span for span in trace if span.attributes.get("db.system.name") == "postgresql"]
    assert {(span.service, span.parent_id, span.kind) for span in stored} == {("order-svc", served.span_id, "CLIENT")}
    assert "INSERT" in {span.name for span in stored}
    assert len(trace) == 4 + len(stored)
    # A span lies within its parent; only the server side of a call may end after the client side.
    for outer, inner in ((request, counted), (request, call), *((served, span) for span in stored)):
        assert outer.began_ns <= inner.began_ns <= inner.ended_ns <= outer.ended_ns
    assert {span.state for span in trace} == {"vendor=1"}
    assert not any(span.error for span in trace)


async def test_session_renewal_is_a_span_of_the_request(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    login = await connection.request(
        "POST", "/api/users/log", body={"email": person.email, "password": person.password}
    )
    cookie = login.headers["set-cookie"].partition(";")[0]
    caller = Caller()
    answer = await connection.request("GET", "/api/users/me", headers={"Cookie": cookie, **caller.headers})
    assert answer.status == 200, answer.body

    caller.seen(collector, "GET /api/users/me")
    eventually(lambda: collector.ended(caller.trace_id, "user-svc", _RENEW), within_s=_WITHIN_S)
    trace = collector.trace(caller.trace_id)
    (request,) = (span for span in trace if span.name == "GET /api/users/me")
    (call,) = (span for span in trace if (span.service, span.name) == ("gateway", _RENEW))
    (served,) = (span for span in trace if (span.service, span.name) == ("user-svc", _RENEW))
    assert (call.parent_id, served.parent_id) == (request.span_id, call.span_id)
    assert {span.attributes["db.system.name"] for span in trace if span.parent_id == served.span_id} >= {"redis"}


async def test_store_spans_have_the_statement_without_values(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    """Store spans have the statement with placeholders, or the name of the command, but no values and keys."""
    caller = Caller()
    body = {"email": person.email, "password": person.password}
    await connection.request("POST", "/api/users/log", body=body, headers=caller.headers)

    caller.seen(collector, "POST /api/users/log")
    eventually(lambda: collector.ended(caller.trace_id, "user-svc", _LOGIN), within_s=_WITHIN_S)
    asked = [span for span in collector.trace(caller.trace_id) if "db.system.name" in span.attributes]
    assert {span.attributes["db.system.name"] for span in asked} == {"postgresql", "redis"}
    for span in asked:
        text = str(span.attributes.get("db.query.text", ""))
        assert bool(text) is (span.attributes["db.system.name"] == "postgresql")
        assert span.attributes.keys() <= {"db.system.name", "db.operation.name", "db.query.text", "error.type"}
        assert "%s" in text or not text
        assert not any(value in text for value in (person.user_id, person.email))


async def test_request_span_has_the_documented_attributes(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    caller = Caller()
    answer = await order(connection, person, caller)

    (request,) = (span for span in caller.seen(collector) if span.name == _REQUEST)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/orders/add",
        "http.response.status_code": answer.status,
        "url.path": "/api/orders/add",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "headrace.request_id": answer.headers["x-request-id"],
    }


async def test_error_status_is_set_on_the_side_at_fault(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    caller = Caller()
    path = "/api/v1/orders/0190b3a1-0000-7000-8000-000000000000"
    answer = await connection.request("GET", path, token=person.token, headers=caller.headers)
    assert answer.status == 404

    name = "GET /api/v1/orders/{order_id}"
    caller.seen(collector, name)
    method = "order.v1.OrderService/GetOrder"
    eventually(lambda: collector.ended(caller.trace_id, "order-svc", method), within_s=_WITHIN_S)
    found = {(span.service, span.name): span for span in collector.trace(caller.trace_id)}
    # A failed call is an error for its client, but not for a server that answered correctly.
    assert found["gateway", method].error
    assert found["gateway", method].attributes["error.type"] == "NOT_FOUND"
    assert not found["order-svc", method].error
    assert not found["gateway", name].error
    assert found["gateway", name].attributes["headrace.code"] == "ORDER_NOT_FOUND"


async def test_unsampled_caller_records_no_spans(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    quiet, after = Caller("00"), Caller()
    assert (await order(connection, person, quiet)).status == 201
    assert (await order(connection, person, after)).status == 201

    after.seen(collector)
    eventually(lambda: collector.ended(after.trace_id, "order-svc", _CREATE), within_s=_WITHIN_S)
    assert collector.trace(quiet.trace_id) == []


async def test_traces_without_a_callers_decision_are_sampled_by_the_ratio(
    connection: HttpConnection, person: Person, collector: Collector
) -> None:
    await connection.request("GET", "/api/v1/sessions", token=person.token)  # 0 on this platform
    caller = Caller()
    await order(connection, person, caller)
    caller.seen(collector)
    assert not [span for span in collector.spans if span.name == "GET /api/v1/sessions"]


async def test_every_log_line_of_a_request_names_its_trace(
    connection: HttpConnection, person: Person, traced: Stack
) -> None:
    caller = Caller("00")  # lines name unsampled traces, too
    request_id = (await order(connection, person, caller)).headers["x-request-id"]

    for process in ("gateway", "order-svc"):
        lines = eventually(partial(lines_of, traced, process, request_id), within_s=_WITHIN_S)
        assert {(line["trace_id"], line["user_id"]) for line in lines} == {(caller.trace_id, person.user_id)}


async def test_exported_spans_hold_no_secrets(connection: HttpConnection, person: Person, collector: Collector) -> None:
    caller = Caller()
    body = {"email": person.email, "password": person.password}
    answer = await connection.request("POST", "/api/users/log", body=body, headers=caller.headers)
    assert answer.status == 200, answer.body
    caller.seen(collector, "POST /api/users/log")
    eventually(lambda: collector.ended(caller.trace_id, "user-svc", _LOGIN), within_s=_WITHIN_S)

    assert [
        line for number, message in enumerate(collector.messages) for line in SEEN.secrets_in(str(number), message)
    ] == []
    for message in collector.messages:
        assert person.email.encode() not in message
        assert not any(person.user_id in span.name for span in collector.spans)
