import pytest
from gateway.problems import Problem
from gateway.upstream.failure import AttemptError, speaks_against_address
from grpclib.const import Status
from service_kit.errors import CallError


def test_a_failed_attempt_speaks_against_the_address_unless_it_says_otherwise() -> None:
    assert speaks_against_address(AttemptError(Status.UNAVAILABLE, "X"))
    assert not speaks_against_address(AttemptError(Status.UNAVAILABLE, "X", neutral=True))


@pytest.mark.parametrize("error", [CallError(Status.NOT_FOUND, "X"), ValueError(), Problem(400, "X")])
def test_answers_and_our_own_mistakes_do_not(error: Exception) -> None:
    assert not speaks_against_address(error)
