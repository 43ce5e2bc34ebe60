"""A slow, stopped or missing collector does not delay requests."""

import pytest

from tests.conftest import StartStack
from tests.faults.http_client import HttpConnection
from tests.faults.people import Person, metric, newcomer
from tests.integration.tracing.test_one_trace import Caller
from tests.running.collector import Collector
from tests.running.polling import eventually, in_time
from tests.running.servers import free_port
from tests.running.stacks import Stack, local_stack, logs_of

pytestmark = pytest.mark.local_platform

_WITHIN_S = 15
#: The gateway creates three spans per request, and queues at most 2048; each batch that times out takes a second.
_MOST_REQUESTS = 4000


async def test_requests_do_not_wait_for_a_hanging_collector(
    traced: Stack, person: Person, collector: Collector
) -> None:
    connection = HttpConnection(traced.url)
    collector.unblocked.clear()
    try:
        received = len(collector.messages)
        for number in range(_MOST_REQUESTS):
            answer = await connection.request("GET", "/api/v1/orders", token=person.token, headers=Caller().headers)
            assert answer.status == 200
            if number % 100 == 0 and await _spans(traced, "dropped"):
                break
        assert await _spans(traced, "dropped")
        assert len(collector.messages) == received
    finally:
        collector.unblocked.set()
        connection.close()

    async def delivered() -> bool | None:
        return len(collector.messages) > received or None

    await in_time(delivered, within_s=_WITHIN_S)


async def test_spans_recorded_before_the_exit_are_delivered(
    traced: Stack, person: Person, collector: Collector
) -> None:
    caller = Caller()
    connection = HttpConnection(traced.url)
    await connection.request("GET", "/api/users/me", token=person.token, headers=caller.headers)
    connection.close()
    for process in ("gateway", "user-svc"):
        done = local_stack("restart", process, "--data-dir", str(traced.data_dir), **traced.environ)
        assert done.returncode == 0, done.stdout
    assert {(span.service, span.name) for span in collector.trace(caller.trace_id)} >= {
        ("gateway", "GET /api/users/me"),
        ("gateway", "user.v1.UserService/GetUser"),
        ("user-svc", "user.v1.UserService/GetUser"),
    }


async def test_exit_does_not_wait_for_a_hanging_collector(traced: Stack, person: Person, collector: Collector) -> None:
    collector.unblocked.clear()
    try:
        connection = HttpConnection(traced.url)
        await connection.request("GET", "/api/users/me", token=person.token, headers=Caller().headers)
        connection.close()
        done = local_stack("restart", "gateway", "--data-dir", str(traced.data_dir), **traced.environ)
    finally:
        collector.unblocked.set()
    assert done.returncode == 0, done.stdout
    log = "".join(path.read_text() for path in logs_of(traced.data_dir) if path.name.startswith("gateway"))
    after = log.partition("the last traces were not delivered in time")[2]
    assert '"stopped"' in after


async def test_absent_collector_is_logged_once(start_stack: StartStack) -> None:
    nowhere = Collector(port=free_port())
    stack = start_stack(nowhere.environ(ratio=1.0))
    person = await newcomer(stack.url)
    for _ in range(5):
        await person.place(stack.url)

    async def failed() -> float | None:
        return await _spans(stack, "failed") or None

    await in_time(failed, within_s=_WITHIN_S)
    log = eventually(lambda: (stack.data_dir / "logs" / "gateway.log").read_text() or None, within_s=1)
    assert log.count("traces are lost") == 1
    assert "opentelemetry" not in log


async def _spans(stack: Stack, outcome: str) -> float:
    return await metric(stack, "gateway", "headrace_traces_spans_total", outcome=outcome)
