import pytest
from gateway.problems import Problem
from gateway.upstream.breaker import Verdict
from gateway.upstream.failure import AttemptError, verdict_on_address
from grpclib.const import Status
from service_kit.request.errors import CallError


def test_an_address_is_away_where_it_is_unavailable() -> None:
    assert verdict_on_address(AttemptError(Status.UNAVAILABLE, "X")) is Verdict.AWAY
    assert verdict_on_address(AttemptError(Status.UNAVAILABLE, "X", neutral=True)) is Verdict.NEUTRAL


@pytest.mark.parametrize("status", [Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN])
def test_what_the_call_may_have_caused_is_suspect(status: Status) -> None:
    assert verdict_on_address(AttemptError(status, "X")) is Verdict.SUSPECT
    assert verdict_on_address(AttemptError(status, "X", neutral=True)) is Verdict.NEUTRAL


def test_an_address_that_is_silent_is_away() -> None:
    late = AttemptError(Status.DEADLINE_EXCEEDED, "X", silent=True)
    assert verdict_on_address(late) is Verdict.AWAY


@pytest.mark.parametrize(
    "error",
    [
        CallError(Status.NOT_FOUND, "X"),
        CallError(Status.CANCELLED, "X"),
        CallError(Status.RESOURCE_EXHAUSTED, "X"),
        ValueError(),
        Problem(400, "X"),
    ],
)
def test_answers_and_errors_of_the_gateway_are_neutral(error: Exception) -> None:
    assert verdict_on_address(error) is Verdict.NEUTRAL
