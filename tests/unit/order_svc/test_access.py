"""Who may see and do what."""

import pytest
from order_svc.domain.access import require_right_to_list, require_right_to_move, visible
from order_svc.domain.errors import ActionForbiddenError, OrderNotFoundError, OwnerUnknownError
from order_svc.domain.order import OrderStatus

from tests.examples.orders import ALICE, BOB, alice, an_order, bob, root


def test_owners_and_administrators_see_an_order() -> None:
    order = an_order(user_id=ALICE)
    assert visible(order, alice()) is order
    assert visible(order, root()) is order


def test_somebody_elses_order_and_none_cannot_be_told_apart() -> None:
    texts = []
    for order in (an_order(user_id=ALICE), None):
        with pytest.raises(OrderNotFoundError) as caught:
            visible(order, bob())
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("wanted", OrderStatus)
def test_administrators_may_ask_for_any_status(wanted: OrderStatus) -> None:
    require_right_to_move(root(), wanted)


def test_owners_may_only_cancel() -> None:
    require_right_to_move(alice(), OrderStatus.CANCELLED)
    for wanted in (OrderStatus.DONE, OrderStatus.PROCESSING):
        with pytest.raises(ActionForbiddenError):
            require_right_to_move(alice(), wanted)


def test_only_administrators_list_what_others_own() -> None:
    require_right_to_list(alice(), ALICE)
    require_right_to_list(root(), BOB)
    with pytest.raises(OwnerUnknownError):
        require_right_to_list(alice(), BOB)
