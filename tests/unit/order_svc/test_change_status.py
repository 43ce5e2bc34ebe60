"""Use case ChangeStatus: its checks, and their order."""

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


async def test_owner_cancels_an_order(shop: Shop) -> None:
    order = await placed(shop)
    shop.clock.advance(timedelta(seconds=1))
    cancelled = await shop.change_status(alice("request-8"), order.order_id, OrderStatus.CANCELLED, [1])
    assert (cancelled.status, cancelled.version) == (OrderStatus.CANCELLED, 2)
    assert cancelled.updated_at == NOON + timedelta(seconds=1)
    assert await shop.get(alice(), order.order_id) == cancelled
    event = shop.store.events[-1]
    assert (event.kind, event.request_id) == (EventKind.STATUS_CHANGED, "request-8")
    assert event.details == {"from": "processing", "to": "cancelled", "version": 2}


async def test_administrator_completes_an_order(shop: Shop) -> None:
    order = await placed(shop)
    assert (await shop.change_status(root(), order.order_id, OrderStatus.DONE)).status is OrderStatus.DONE


async def test_invisible_order_is_not_found_even_if_other_checks_fail(shop: Shop) -> None:
    order = await placed(shop)
    with pytest.raises(OrderNotFoundError):
        await shop.change_status(bob(), order.order_id, OrderStatus.DONE, STALE)
    with pytest.raises(OrderNotFoundError):
        await shop.change_status(alice(), unknown_id(), OrderStatus.DONE, STALE)


async def test_forbidden_status_is_refused_before_the_version_is_checked(shop: Shop) -> None:
    order = await placed(shop)
    for wanted in (OrderStatus.DONE, OrderStatus.PROCESSING):
        with pytest.raises(ActionForbiddenError):
            await shop.change_status(alice(), order.order_id, wanted, STALE)


async def test_stale_version_is_refused_before_the_transition_is_checked(shop: Shop) -> None:
    order = await placed(shop)
    await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED)
    with pytest.raises(VersionMismatchError):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED, [1])
    with pytest.raises(TransitionNotAllowedError):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED, [2])


async def test_refused_change_writes_nothing(shop: Shop) -> None:
    order = await placed(shop)
    with pytest.raises(TransitionNotAllowedError):
        await shop.change_status(root(), order.order_id, OrderStatus.PROCESSING)
    assert await shop.get(alice(), order.order_id) == order
    assert len(shop.store.events) == 1


async def test_change_that_loses_a_race_is_checked_against_the_new_version(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await placed(shop)
    get = shop.store.get

    async def get_before_a_concurrent_change(order_id: str) -> Order | None:
        seen = await get(order_id)
        monkeypatch.setattr(shop.store, "get", get)
        await shop.change_status(root(), order_id, OrderStatus.DONE)
        return seen

    monkeypatch.setattr(shop.store, "get", get_before_a_concurrent_change)
    with pytest.raises(TransitionNotAllowedError, match="that is done"):
        await shop.change_status(alice(), order.order_id, OrderStatus.CANCELLED)
