"""The order itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from order_svc.domain.errors import TotalTooLargeError, TransitionNotAllowedError
from order_svc.domain.order import MAX_TOTAL_MINOR, Order, OrderLine, OrderStatus

from tests.examples.orders import ALICE, LINES, NOON, an_order

LATER = NOON + timedelta(seconds=5)


def test_a_new_order_is_processing_at_version_1_with_its_total() -> None:
    order = an_order(lines=[OrderLine("a", 3, 250), OrderLine("b", 2, 1)])
    assert (order.status, order.version, order.total_minor) == (OrderStatus.PROCESSING, 1, 752)
    assert order.created_at == order.updated_at == NOON


def test_a_total_may_be_what_json_holds_exactly_and_no_more() -> None:
    assert an_order(lines=[OrderLine("a", 1, MAX_TOTAL_MINOR)]).total_minor == MAX_TOTAL_MINOR
    with pytest.raises(TotalTooLargeError) as caught:
        an_order(lines=[OrderLine("a", 1, MAX_TOTAL_MINOR), OrderLine("b", 1, 1)])
    assert [violation.field for violation in caught.value.violations] == ["lines"]


@pytest.mark.parametrize(
    ("verb", "status"), [(Order.complete, OrderStatus.DONE), (Order.cancel, OrderStatus.CANCELLED)]
)
def test_a_processing_order_can_be_finished_either_way(
    verb: Callable[[Order, datetime], Order], status: OrderStatus
) -> None:
    before = an_order()
    after = verb(before, LATER)
    assert (after.status, after.version, after.updated_at) == (status, 2, LATER)
    assert before.status is OrderStatus.PROCESSING
    assert (after.order_id, after.user_id, after.lines, after.created_at) == (before.order_id, ALICE, LINES, NOON)


def test_a_final_order_stays_as_it_is() -> None:
    for final in (an_order().complete(LATER), an_order().cancel(LATER)):
        for verb in (final.complete, final.cancel):
            with pytest.raises(TransitionNotAllowedError, match=f"that is {final.status}"):
                verb(LATER)


def test_no_order_goes_back_to_processing() -> None:
    for order in (an_order(), an_order().cancel(LATER)):
        with pytest.raises(TransitionNotAllowedError):
            order.reopen()


def test_an_update_is_never_before_the_creation() -> None:
    assert an_order().cancel(NOON - timedelta(minutes=5)).updated_at == NOON
