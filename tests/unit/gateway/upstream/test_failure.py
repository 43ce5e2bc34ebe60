import pytest
from gateway.problems import Problem
from gateway.upstream.failure import is_upstream_failure
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from service_kit.errors import CallError

FAILURES = {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN}


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_only_some_answers_speak_against_the_upstream(status: Status) -> None:
    assert is_upstream_failure(CallError(status, "X")) is (status in FAILURES)
    assert is_upstream_failure(GRPCError(status)) is (status in FAILURES)


@pytest.mark.parametrize(
    "error", [TimeoutError(), StreamTerminatedError(), ConnectionRefusedError(), OSError("no route")]
)
def test_a_broken_transport_does(error: Exception) -> None:
    assert is_upstream_failure(error)


@pytest.mark.parametrize("error", [ValueError(), Problem(400, "X")])
def test_our_own_mistakes_do_not(error: Exception) -> None:
    assert not is_upstream_failure(error)
