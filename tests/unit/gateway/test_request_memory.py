"""The memory of a request is freed at its end, not when the garbage collector runs next."""

import gc

import pytest
from gateway.exchange import Exchange

from tests.examples.contracts import headrace_contract
from tests.running.in_process_gateway import TOKEN, ask, in_process_gateway


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (b"/openapi.json", [], 200),
        (b"/nowhere", [], 404),
        (b"/api/v1/users/me", [], 401),
        (b"/api/v1/users/me", [(b"authorization", b"Bearer nonsense")], 401),
        (b"/api/v1/users/me", [(b"authorization", b"Bearer " + TOKEN)], 503),
        (b"/api/v1/users/me", [(b"authorization", b"Bearer " + TOKEN), (b"request-timeout", b"0.5")], 503),
    ],
)
async def test_exchange_is_freed_without_the_garbage_collector(
    target: bytes, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    app = in_process_gateway(headrace_contract())
    gc.collect()
    gc.disable()
    try:
        of_other_tests = _exchanges()
        assert (await ask(app, "GET", target, headers)).status == status
        left = _exchanges()
    finally:
        gc.enable()
    assert left == of_other_tests


def _exchanges() -> int:
    return sum(isinstance(each, Exchange) for each in gc.get_objects())
