"""gRPC status → HTTP status, as the API documents it."""

import pytest
from gateway.upstream.problems import to_problem
from grpclib.const import Status
from service_kit.request.errors import CallError, Violation

from tests.examples.contracts import headrace_contract

REASONS = headrace_contract().reasons


@pytest.mark.parametrize(
    ("status", "http_status"),
    [
        (Status.INVALID_ARGUMENT, 400),
        (Status.UNAUTHENTICATED, 401),
        (Status.PERMISSION_DENIED, 403),
        (Status.NOT_FOUND, 404),
        (Status.ALREADY_EXISTS, 409),
        (Status.ABORTED, 409),
        (Status.FAILED_PRECONDITION, 409),
        (Status.RESOURCE_EXHAUSTED, 429),
        (Status.CANCELLED, 499),
        (Status.UNIMPLEMENTED, 501),
        (Status.UNAVAILABLE, 503),
        (Status.DEADLINE_EXCEEDED, 504),
        (Status.INTERNAL, 500),
        (Status.UNKNOWN, 500),
        (Status.DATA_LOSS, 500),
        (Status.OUT_OF_RANGE, 500),
    ],
)
def test_every_status(status: Status, http_status: int) -> None:
    assert to_problem(CallError(status, "SOME_REASON"), REASONS).status == http_status


@pytest.mark.parametrize(
    ("reason", "http_status"),
    [("IDEMPOTENCY_KEY_REUSED", 422), ("VERSION_MISMATCH", 412), ("PASSWORD_QUEUE_FULL", 503), ("EMAIL_TAKEN", 409)],
)
def test_a_reason_may_have_a_status_of_its_own(reason: str, http_status: int) -> None:
    assert to_problem(CallError(Status.FAILED_PRECONDITION, reason), REASONS).status == http_status


def test_violations_and_details_are_carried() -> None:
    violation = Violation("password", "password.common", "is on the list of common passwords")
    problem = to_problem(CallError(Status.INVALID_ARGUMENT, "PASSWORD_REFUSED", "no", (violation,)), REASONS)
    assert (problem.code, problem.detail, list(problem.violations)) == ("PASSWORD_REFUSED", "no", [violation])
    assert problem.decision is None


@pytest.mark.parametrize(
    ("status", "policy"),
    [
        (Status.UNAUTHENTICATED, "authentication"),
        (Status.PERMISSION_DENIED, "access"),
        (Status.RESOURCE_EXHAUSTED, "upstream"),
        (Status.UNAVAILABLE, "upstream"),
        (Status.DEADLINE_EXCEEDED, "deadline"),
    ],
)
def test_what_a_policy_refuses_is_explained(status: Status, policy: str) -> None:
    decision = to_problem(CallError(status, "SOME_REASON"), REASONS).decision
    assert decision is not None
    assert decision.policy == policy


@pytest.mark.parametrize(("retry_after_s", "told"), [(None, 1), (0.2, 1), (2.1, 3)])
def test_retry_after_is_in_whole_seconds(retry_after_s: float | None, told: int) -> None:
    decision = to_problem(CallError(Status.UNAVAILABLE, "X", retry_after_s=retry_after_s), REASONS).decision
    assert decision is not None
    assert decision.retry_after_s == told
