"""Use case ListOrders."""

from datetime import timedelta

import pytest
from order_svc.domain.errors import OwnerUnknownError
from order_svc.domain.order import Order
from order_svc.domain.order_listing import OrderFilters, OrderPosition

from tests.examples.orders import ALICE, BOB, LINES, alice, root
from tests.unit.order_svc.shop import Shop


async def placed(shop: Shop, count: int) -> list[Order]:
    """Orders of Alice, newest first."""
    orders = []
    for _ in range(count):
        orders.append((await shop.create(alice(), "EUR", LINES, key=None)).order)
        shop.clock.advance(timedelta(milliseconds=1))
    return orders[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
async def test_pages_contain_every_order_once_and_end(shop: Shop, size: int) -> None:
    orders = await placed(shop, 4)
    seen: list[Order] = []
    behind: OrderPosition | None = None
    for _ in range(-(-4 // size)):
        page = await shop.list(alice(), OrderFilters(ALICE), behind, size)
        assert len(page.orders) <= size
        seen += page.orders
        behind = page.next
    assert seen == orders
    assert behind is None


async def test_order_placed_between_two_pages_does_not_shift_them(shop: Shop) -> None:
    orders = await placed(shop, 4)
    first = await shop.list(alice(), OrderFilters(ALICE), None, 2)
    await placed(shop, 2)
    second = await shop.list(alice(), OrderFilters(ALICE), first.next, 2)
    assert [*first.orders, *second.orders] == orders


async def test_empty_list_is_one_page(shop: Shop) -> None:
    page = await shop.list(alice(), OrderFilters(ALICE), None, 20)
    assert (page.orders, page.next) == ((), None)


async def test_only_administrator_lists_orders_of_another_user(shop: Shop) -> None:
    orders = await placed(shop, 1)
    assert list((await shop.list(root(), OrderFilters(ALICE), None, 20)).orders) == orders
    with pytest.raises(OwnerUnknownError):
        await shop.list(alice(), OrderFilters(BOB), None, 20)
