"""Use case DeleteOrder."""

import pytest
from order_svc.domain.actor import Actor
from order_svc.domain.errors import OrderNotFoundError, VersionMismatchError
from order_svc.domain.events import EventKind
from order_svc.domain.order import Order, OrderStatus

from tests.examples.orders import LINES, alice, bob, root, unknown_id
from tests.unit.order_svc.shop import Shop


@pytest.mark.parametrize("actor", [alice(), root()])
async def test_owner_and_administrator_delete_an_order_and_its_trail_is_kept(shop: Shop, actor: Actor) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    await shop.delete(actor, order.order_id)
    with pytest.raises(OrderNotFoundError):
        await shop.get(alice(), order.order_id)
    assert [event.kind for event in shop.store.events] == [EventKind.CREATED, EventKind.DELETED]
    assert shop.store.events[-1].actor_id == actor.user_id


async def test_invisible_order_cannot_be_deleted(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for actor, order_id in ((bob(), order.order_id), (alice(), unknown_id())):
        with pytest.raises(OrderNotFoundError):
            await shop.delete(actor, order_id)
    assert await shop.get(alice(), order.order_id) == order


async def test_deletion_that_loses_a_race_records_the_version_that_it_deletes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    get = shop.store.get

    async def get_before_a_concurrent_change(order_id: str) -> Order | None:
        seen = await get(order_id)
        monkeypatch.setattr(shop.store, "get", get)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_before_a_concurrent_change)
    await shop.delete(alice(), order.order_id)
    assert shop.store.events[-1].details["status"] == "done"


async def test_order_at_an_unexpected_version_is_not_deleted(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for versions in ([2], [0], [2, 3]):
        with pytest.raises(VersionMismatchError):
            await shop.delete(alice(), order.order_id, versions)
    assert await shop.get(alice(), order.order_id) == order
    await shop.delete(alice(), order.order_id, [3, 1])
    with pytest.raises(OrderNotFoundError):
        await shop.delete(alice(), order.order_id, [1])


async def test_invisible_order_is_not_found_before_the_version_is_checked(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for actor, order_id in ((bob(), order.order_id), (alice(), unknown_id())):
        with pytest.raises(OrderNotFoundError):
            await shop.delete(actor, order_id, [99])


async def test_deletion_that_loses_a_race_is_refused_if_the_new_version_is_unexpected(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    get = shop.store.get

    async def get_before_a_concurrent_change(order_id: str) -> Order | None:
        seen = await get(order_id)
        monkeypatch.setattr(shop.store, "get", get)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_before_a_concurrent_change)
    with pytest.raises(VersionMismatchError):
        await shop.delete(alice(), order.order_id, [1])
    assert (await shop.get(alice(), order.order_id)).status is OrderStatus.DONE
