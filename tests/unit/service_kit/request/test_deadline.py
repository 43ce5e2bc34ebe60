"""The remaining time of the current request."""

import time
from contextvars import Context

import pytest
from service_kit.request.context import RequestContext, enter_request
from service_kit.request.deadline import time_left, within_deadline
from service_kit.telemetry.trace_context import continue_trace


def _in_a_request(left_s: float | None) -> Context:
    def enter() -> None:
        deadline = None if left_s is None else time.monotonic() + left_s
        enter_request(RequestContext("req-1", continue_trace(None), deadline=deadline))

    context = Context()
    context.run(enter)
    return context


@pytest.mark.parametrize("context", [Context(), _in_a_request(None)], ids=["no request", "no deadline"])
def test_time_left_is_none_without_a_deadline(context: Context) -> None:
    assert context.run(time_left) is None
    assert context.run(within_deadline, 3.0) == 3.0


def test_within_deadline_cuts_a_limit_to_the_remaining_time() -> None:
    context = _in_a_request(2.0)
    left_s = context.run(time_left)
    assert left_s is not None
    assert 1.5 < left_s <= 2.0
    assert 1.5 < context.run(within_deadline, 3.0) <= 2.0
    assert context.run(within_deadline, 0.5) == 0.5


@pytest.mark.parametrize("left_s", [0.0, -1.0])
def test_time_left_raises_after_the_deadline(left_s: float) -> None:
    context = _in_a_request(left_s)
    with pytest.raises(TimeoutError):
        context.run(time_left)
    with pytest.raises(TimeoutError):
        context.run(within_deadline, 3.0)
