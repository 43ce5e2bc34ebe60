"""Access rules of orders."""

import pytest
from order_svc.domain.access import require_right_to_list, require_right_to_move, visible
from order_svc.domain.errors import ActionForbiddenError, OrderNotFoundError, OwnerUnknownError
from order_svc.domain.order import OrderStatus

from tests.examples.orders import ALICE, BOB, alice, an_order, bob, root


def test_owner_and_administrator_see_an_order() -> None:
    order = an_order(user_id=ALICE)
    assert visible(order, alice()) is order
    assert visible(order, root()) is order


def test_another_users_order_looks_like_a_missing_one() -> None:
    texts = []
    for order in (an_order(user_id=ALICE), None):
        with pytest.raises(OrderNotFoundError) as caught:
            visible(order, bob())
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("wanted", OrderStatus)
def test_administrator_may_set_any_status(wanted: OrderStatus) -> None:
    require_right_to_move(root(), wanted)


def test_owner_may_only_cancel() -> None:
    require_right_to_move(alice(), OrderStatus.CANCELLED)
    for wanted in (OrderStatus.DONE, OrderStatus.PROCESSING):
        with pytest.raises(ActionForbiddenError):
            require_right_to_move(alice(), wanted)


def test_only_administrator_lists_orders_of_another_user() -> None:
    require_right_to_list(alice(), ALICE)
    require_right_to_list(root(), BOB)
    with pytest.raises(OwnerUnknownError):
        require_right_to_list(alice(), BOB)
