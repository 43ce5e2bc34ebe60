"""Moving orders from status to status: what is checked, and in which order."""

from datetime import timedelta

import pytest
from order_svc.domain.errors import (
    ActionForbiddenError,
    OrderNotFoundError,
    TransitionNotAllowedError,
    VersionMismatchError,
)
from order_svc.domain.events import EventKind
from order_svc.domain.order import Order, OrderStatus

from tests.examples.orders import LINES, NOON, alice, bob, root, unknown_id
from tests.unit.order_svc.shop import Shop

STALE = [7]


async def placed(shop: Shop) -> Order:
    return (await shop.create(alice(), "EUR", LINES, key=None)).order


async def test_owners_cancel(shop: Shop) -> None:
    order = await placed(shop)
    shop.clock.advance(timedelta(seconds=1))
    cancelled = await shop.change_status(alice("request-8"), order.order_id, OrderStatus.CANCELLED, [1])
    assert (cancelled.status, cancelled.version) == (OrderStatus.CANCELLED, 2)
    assert cancelled.updated_at == NOON + timedelta(seconds=1)
    assert await shop.get(alice(), order.order_id) == cancelled
    event = shop.store.events[-1]
    assert (event.kind, event.request_id) == (EventKind.STATUS_CHANGED, "request-8")
    assert event.details == {"from": "processing", "to": "cancelled", "version": 2}


async def test_administrators_complete(shop: Shop) -> None:
    order = await placed(shop)
    assert (await shop.change_status(root(), order.order_id, OrderStatus.DONE)).status is OrderStatus.DONE


async def test_an_order_one_may_not_see_is_not_found_whatever_else_is_wrong(shop: Shop) -> None:
    order = await placed(shop)
    with pytest.raises(OrderNotFoundError):
        await shop.change_status(bob(), order.order_id, OrderStatus.DONE, STALE)
    with pytest.raises(OrderNotFoundError):
        await shop.change_status(alice(), unknown_id(), OrderStatus.DONE, STALE)


async def test_what_is_forbidden_is_so_whatever_the_version(shop: Shop) -> None:
    order = await placed(shop)
    for wanted in (OrderStatus.DONE, OrderStatus.PROCESSING):
        with pytest.raises(ActionForbiddenError):
            await shop.change_status(alice(), order.order_id, wanted, STALE)


async def test_a_stale_version_comes_before_the_transition(shop: Shop) -> None:
    order = await placed(shop)
    await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED)
    with pytest.raises(VersionMismatchError):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED, [1])
    with pytest.raises(TransitionNotAllowedError):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED, [2])


async def test_a_refused_change_leaves_no_trace(shop: Shop) -> None:
    order = await placed(shop)
    with pytest.raises(TransitionNotAllowedError):
        await shop.change_status(root(), order.order_id, OrderStatus.PROCESSING)
    assert await shop.get(alice(), order.order_id) == order
    assert len(shop.store.events) == 1


async def test_whoever_loses_the_race_is_judged_by_what_the_winner_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await placed(shop)
    overtaken = shop.store.get

    async def get_just_before_somebody_completes(order_id: str) -> Order | None:
        seen = await overtaken(order_id)
        monkeypatch.setattr(shop.store, "get", overtaken)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_just_before_somebody_completes)
    with pytest.raises(TransitionNotAllowedError, match="that is done"):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED)
