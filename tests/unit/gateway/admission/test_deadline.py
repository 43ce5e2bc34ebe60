"""When a request is to be answered."""

from time import monotonic, perf_counter

import pytest
from gateway.admission.deadline import DeadlineStep
from gateway.limits.outcome import ShedCause
from gateway.problems import Decision, Problem
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.asgi import Headers, admitting, call, exchange_in, http_scope, policy

CONTRACT_S = policy().deadline_s
APP = admitting(DeadlineStep())


async def left_of(scope: Scope, *, arrived_s_ago: float = 0.0) -> tuple[float, float]:
    """The seconds that the request is given: at least, at most."""
    before = monotonic()
    exchange = exchange_in(scope, policy=policy())
    exchange.started_at = perf_counter() - arrived_s_ago
    await call(APP, scope)
    after = monotonic()
    assert exchange.request.deadline is not None
    return exchange.request.deadline - after, exchange.request.deadline - before


def asking(*values: bytes) -> Scope:
    headers: Headers = [(b"request-timeout", value) for value in values]
    return http_scope(headers=headers)


async def test_page_of_the_gateway_has_no_deadline() -> None:
    scope = http_scope()
    exchange = exchange_in(scope)
    await call(APP, scope)
    assert exchange.request.deadline is None


async def test_deadline_of_the_contract_starts_when_the_body_is_complete() -> None:
    least, most = await left_of(http_scope(), arrived_s_ago=5.0)
    assert least <= CONTRACT_S <= most


@pytest.mark.parametrize(("value", "seconds"), [(b"0.5", 0.5), (b"0.001", 0.001), (b"00.25", 0.25)])
async def test_client_may_shorten_the_deadline(value: bytes, seconds: float) -> None:
    least, most = await left_of(asking(value))
    assert least <= seconds <= most


async def test_timeout_of_the_client_starts_when_the_request_arrives() -> None:
    least, most = await left_of(asking(b"0.75"), arrived_s_ago=0.5)
    assert least <= 0.25 <= most


@pytest.mark.parametrize("value", [b"1", b"2", b"3600", b"86400.0"])
async def test_client_cannot_extend_the_deadline(value: bytes) -> None:
    least, most = await left_of(asking(value))
    assert least <= CONTRACT_S <= most


async def test_deadline_has_passed_when_the_client_has_stopped_waiting() -> None:
    _, most = await left_of(asking(b"0.2"), arrived_s_ago=1.0)
    assert most < 0


NONSENSE = ["", " ", "0", "0.0", "0.0009", "-1", "+1", "1e3", "nan", "inf", ".5", "5.", "1,5", "0x1", "1 s", "²"]


@pytest.mark.parametrize("value", [*NONSENSE, "86400.1", "99999999999999", "1." + "0" * 99])
async def test_invalid_timeout_is_refused(value: str) -> None:
    with pytest.raises(Problem) as refused:
        await left_of(asking(value.encode()))
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST")
    assert [(v.field, v.rule) for v in refused.value.violations] == [("Request-Timeout", "header.seconds")]


async def test_second_timeout_header_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        await left_of(asking(b"0.5", b"0.5"))
    assert [v.rule for v in refused.value.violations] == ["header.duplicate"]


OUT_OF_TIME = [
    Problem(504, "DEADLINE_EXCEEDED", decision=Decision("deadline", "exceeded")),
    Problem(503, "OVERLOADED", decision=Decision("throttle", ShedCause.DEADLINE.value, retry_after_s=1)),
]
OTHERS = [
    Problem(503, "OVERLOADED", decision=Decision("throttle", ShedCause.QUEUE_FULL.value, retry_after_s=1)),
    Problem(503, "UPSTREAM_UNAVAILABLE"),
    Problem(500, "INTERNAL"),
    Problem(404, "ORDER_NOT_FOUND"),
]


async def problem_of(raised: Problem, *values: bytes) -> Problem:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise raised

    scope = asking(*values)
    exchange_in(scope, policy=policy())
    with pytest.raises(Problem) as caught:
        await call(admitting(DeadlineStep(), endpoint=app), scope)
    return caught.value


@pytest.mark.parametrize("raised", OUT_OF_TIME)
async def test_expired_timeout_of_the_client_is_a_408(raised: Problem) -> None:
    problem = await problem_of(raised, b"0.5")
    assert (problem.status, problem.code) == (408, "CLIENT_TIMEOUT")
    assert problem.decision is None  # no policy of the gateway's


@pytest.mark.parametrize("raised", OUT_OF_TIME)
@pytest.mark.parametrize("values", [[], [b"3600"]])
async def test_expired_deadline_of_the_contract_keeps_its_problem(raised: Problem, values: list[bytes]) -> None:
    assert await problem_of(raised, *values) is raised


@pytest.mark.parametrize("raised", OTHERS)
async def test_problem_with_another_cause_is_not_changed(raised: Problem) -> None:
    assert await problem_of(raised, b"0.5") is raised
