"""Deleting orders."""

import pytest
from order_svc.domain.actor import Actor
from order_svc.domain.errors import OrderNotFoundError, VersionMismatchError
from order_svc.domain.events import EventKind
from order_svc.domain.order import Order, OrderStatus

from tests.examples.orders import LINES, alice, bob, root, unknown_id
from tests.unit.order_svc.shop import Shop


@pytest.mark.parametrize("actor", [alice(), root()])
async def test_owners_and_administrators_delete_and_the_trail_stays(shop: Shop, actor: Actor) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    await shop.delete(actor, order.order_id)
    with pytest.raises(OrderNotFoundError):
        await shop.get(alice(), order.order_id)
    assert [event.kind for event in shop.store.events] == [EventKind.CREATED, EventKind.DELETED]
    assert shop.store.events[-1].actor_id == actor.user_id


async def test_what_one_may_not_see_one_cannot_delete(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for actor, order_id in ((bob(), order.order_id), (alice(), unknown_id())):
        with pytest.raises(OrderNotFoundError):
            await shop.delete(actor, order_id)
    assert await shop.get(alice(), order.order_id) == order


async def test_a_deletion_overtaken_by_a_change_tells_what_it_really_deleted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    overtaken = shop.store.get

    async def get_just_before_somebody_completes(order_id: str) -> Order | None:
        seen = await overtaken(order_id)
        monkeypatch.setattr(shop.store, "get", overtaken)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_just_before_somebody_completes)
    await shop.delete(alice(), order.order_id)
    assert shop.store.events[-1].details["status"] == "done"


async def test_only_an_expected_version_is_deleted(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for versions in ([2], [0], [2, 3]):
        with pytest.raises(VersionMismatchError):
            await shop.delete(alice(), order.order_id, versions)
    assert await shop.get(alice(), order.order_id) == order
    await shop.delete(alice(), order.order_id, [3, 1])
    with pytest.raises(OrderNotFoundError):
        await shop.delete(alice(), order.order_id, [1])


async def test_what_one_may_not_see_is_not_found_whatever_the_version(shop: Shop) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    for actor, order_id in ((bob(), order.order_id), (alice(), unknown_id())):
        with pytest.raises(OrderNotFoundError):
            await shop.delete(actor, order_id, [99])


async def test_a_deletion_overtaken_by_a_change_does_not_delete_what_was_not_expected(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (await shop.create(alice(), "EUR", LINES, key=None)).order
    overtaken = shop.store.get

    async def get_just_before_an_administrator_completes(order_id: str) -> Order | None:
        seen = await overtaken(order_id)
        monkeypatch.setattr(shop.store, "get", overtaken)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_just_before_an_administrator_completes)
    with pytest.raises(VersionMismatchError):
        await shop.delete(alice(), order.order_id, [1])
    assert (await shop.get(alice(), order.order_id)).status is OrderStatus.DONE
