"""Use case ForgetUser."""

from collections.abc import Sequence

import pytest
from order_svc.domain import events
from order_svc.domain.errors import OwnerDeletedError
from order_svc.domain.events import Details, EventKind, OrderEvent
from order_svc.domain.order import Order, OrderStatus
from order_svc.domain.order_listing import OrderFilters
from order_svc.domain.user_deletion import UserDeletion

from tests.examples.orders import ALICE, LINES, NOON, ROOT, alice, bob, root
from tests.fakes.orders import InMemoryOrderRepository
from tests.unit.order_svc.shop import Shop, build_shop

DELETION = UserDeletion(ALICE, ROOT, "request-9", NOON)


async def forget(shop: Shop, deletion: UserDeletion = DELETION) -> int:
    """Runs the use case, and returns how many entries it changed."""
    return sum([done async for done in shop.forget_user(deletion)])


async def placed(shop: Shop, count: int = 1) -> list[Order]:
    return [(await shop.create(alice(), "EUR", LINES, None)).order for _ in range(count)]


async def test_processing_orders_are_cancelled_in_the_name_of_the_deleting_user(shop: Shop) -> None:
    (order,) = await placed(shop)
    assert await forget(shop) == 1
    cancelled = await shop.get(root(), order.order_id)
    assert (cancelled.status, cancelled.version) == (OrderStatus.CANCELLED, 2)
    details: Details = {"from": "processing", "to": "cancelled", "version": 2, "cause": "user_deleted"}
    kind = EventKind.STATUS_CHANGED
    assert shop.store.events[-1] == OrderEvent(order.order_id, kind, ROOT, "request-9", cancelled.updated_at, details)


async def test_final_orders_and_orders_of_other_users_do_not_change(shop: Shop) -> None:
    done, cancelled = await placed(shop, 2)
    await shop.change_status(root(), done.order_id, OrderStatus.DONE)
    await shop.change_status(alice(), cancelled.order_id, OrderStatus.CANCELLED)
    his = (await shop.create(bob(), "EUR", LINES, "key")).order
    before = list(shop.store.events)
    assert await forget(shop) == 0
    assert shop.store.events == before
    assert await shop.get(bob(), his.order_id) == his
    assert (await shop.create(bob(), "EUR", LINES, "key")).replayed


async def test_keys_are_deleted_and_new_orders_are_refused(shop: Shop) -> None:
    await shop.create(alice(), "EUR", LINES, "key")
    assert await forget(shop) == 2
    with pytest.raises(OwnerDeletedError):
        await shop.create(alice(), "EUR", LINES, "key")


async def test_several_batches_are_processed_and_a_repetition_does_nothing(shop: Shop) -> None:
    orders = await placed(shop, 401)
    for number in range(201):
        await shop.create(alice(), "EUR", LINES, f"key-{number}")
    parts = [done async for done in shop.forget_user(DELETION)]
    assert parts == [200, 200, 200, 2, 200, 1]
    assert await forget(shop) == 0
    assert {order.status for order in (await shop.store.page(OrderFilters(ALICE), None, 1000)).orders} == {
        OrderStatus.CANCELLED
    }
    assert len(shop.store.events) == 2 * (len(orders) + 201)


@pytest.mark.parametrize("interrupted_after", range(6))
async def test_interrupted_work_is_completed_by_the_next_run(shop: Shop, interrupted_after: int) -> None:
    orders = await placed(shop, 401)
    await shop.create(alice(), "EUR", LINES, "key")
    parts = shop.forget_user(DELETION)
    for _ in range(interrupted_after):
        await anext(parts, None)
    await parts.aclose()
    await forget(shop)
    assert (await shop.store.page(OrderFilters(ALICE, OrderStatus.PROCESSING), None, 1)).orders == ()
    assert len(shop.store.events) == 2 * (len(orders) + 1)
    assert await shop.store.delete_of_user(ALICE, 1) == 0


class Overtaken(InMemoryOrderRepository):
    """Completes the first of several orders just before they are saved."""

    async def save_all(self, changes: Sequence[tuple[Order, OrderEvent]]) -> int:
        before = self._orders[changes[0][0].order_id]
        done = before.complete(before.created_at)
        await self.save(done, events.status_changed(before, done, root()))
        return await super().save_all(changes)


async def test_order_that_another_request_completed_first_stays_done() -> None:
    shop = build_shop(Overtaken())
    await placed(shop, 3)
    assert await forget(shop) == 2
    statuses = [order.status for order in (await shop.store.page(OrderFilters(ALICE), None, 3)).orders]
    assert sorted(statuses) == [OrderStatus.CANCELLED, OrderStatus.CANCELLED, OrderStatus.DONE]
