"""The order and its life cycle."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from order_svc.domain.errors import TotalTooLargeError, TransitionNotAllowedError
from order_svc.domain.order import MAX_TOTAL_MINOR, Order, OrderLine, OrderStatus

from tests.examples.orders import ALICE, LINES, NOON, an_order

LATER = NOON + timedelta(seconds=5)


def test_new_order_is_processing_at_version_1_with_its_total() -> None:
    order = an_order(lines=[OrderLine("a", 3, 250), OrderLine("b", 2, 1)])
    assert (order.status, order.version, order.total_minor) == (OrderStatus.PROCESSING, 1, 752)
    assert order.created_at == order.updated_at == NOON


def test_total_is_limited_to_what_json_represents_exactly() -> None:
    assert an_order(lines=[OrderLine("a", 1, MAX_TOTAL_MINOR)]).total_minor == MAX_TOTAL_MINOR
    with pytest.raises(TotalTooLargeError) as caught:
        an_order(lines=[OrderLine("a", 1, MAX_TOTAL_MINOR), OrderLine("b", 1, 1)])
    assert [violation.field for violation in caught.value.violations] == ["lines"]


@pytest.mark.parametrize(
    ("verb", "status"), [(Order.complete, OrderStatus.DONE), (Order.cancel, OrderStatus.CANCELLED)]
)
def test_processing_order_can_be_completed_or_cancelled(
    verb: Callable[[Order, datetime], Order], status: OrderStatus
) -> None:
    before = an_order()
    after = verb(before, LATER)
    assert (after.status, after.version, after.updated_at) == (status, 2, LATER)
    assert before.status is OrderStatus.PROCESSING
    assert (after.order_id, after.user_id, after.lines, after.created_at) == (before.order_id, ALICE, LINES, NOON)


def test_final_order_cannot_change() -> None:
    for final in (an_order().complete(LATER), an_order().cancel(LATER)):
        for verb in (final.complete, final.cancel):
            with pytest.raises(TransitionNotAllowedError, match=f"that is {final.status}"):
                verb(LATER)


def test_order_cannot_return_to_processing() -> None:
    for order in (an_order(), an_order().cancel(LATER)):
        with pytest.raises(TransitionNotAllowedError):
            order.reopen()


def test_update_time_is_never_before_the_creation_time() -> None:
    assert an_order().cancel(NOON - timedelta(minutes=5)).updated_at == NOON
