"""Use case CreateOrder."""

from datetime import timedelta

import pytest
from order_svc.domain.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError, TotalTooLargeError
from order_svc.domain.events import EventKind
from order_svc.domain.order import MAX_TOTAL_MINOR, OrderLine, OrderStatus

from tests.examples.orders import ALICE, LINES, alice, bob
from tests.unit.order_svc.shop import Shop


async def test_new_order_is_stored_with_its_audit_entry(shop: Shop) -> None:
    created = await shop.create(alice("request-7"), "EUR", LINES, key=None)
    assert not created.replayed
    assert created.order.user_id == ALICE
    assert await shop.get(alice(), created.order.order_id) == created.order
    (event,) = shop.store.events
    assert (event.kind, event.order_id, event.actor_id) == (EventKind.CREATED, created.order.order_id, ALICE)
    assert (event.request_id, event.details["total_minor"]) == ("request-7", 250)


async def test_every_request_without_a_key_creates_an_order(shop: Shop) -> None:
    first, second = [await shop.create(alice(), "EUR", LINES, key=None) for _ in range(2)]
    assert first.order.order_id != second.order.order_id


async def test_repeated_request_returns_the_first_result(shop: Shop) -> None:
    first = await shop.create(alice(), "EUR", LINES, key="k")
    shop.clock.advance(timedelta(hours=23))
    await shop.change_status(alice(), first.order.order_id, OrderStatus.CANCELLED)
    again = await shop.create(alice("another request"), "EUR", LINES, key="k")
    assert again.replayed
    assert again.order == first.order
    await shop.delete(alice(), first.order.order_id)
    assert (await shop.create(alice(), "EUR", LINES, key="k")).order == first.order


@pytest.mark.parametrize(
    ("currency", "lines"),
    [("USD", LINES), ("EUR", LINES[:1]), ("EUR", LINES[::-1]), ("EUR", (OrderLine("bolt-m8", 10, 26), LINES[1]))],
)
async def test_key_of_another_request_is_refused(shop: Shop, currency: str, lines: tuple[OrderLine, ...]) -> None:
    await shop.create(alice(), "EUR", LINES, key="k")
    with pytest.raises(IdempotencyKeyReusedError):
        await shop.create(alice(), currency, lines, key="k")
    assert len(shop.store.events) == 1


async def test_key_in_progress_is_refused_with_a_retry_delay(shop: Shop) -> None:
    shop.store.in_progress.add((ALICE, "k"))
    with pytest.raises(IdempotencyKeyInUseError) as caught:
        await shop.create(alice(), "EUR", LINES, key="k")
    assert caught.value.retry_after_s > 0


async def test_same_key_of_two_users_creates_two_orders(shop: Shop) -> None:
    hers, his = [await shop.create(actor, "EUR", LINES, key="k") for actor in (alice(), bob())]
    assert not his.replayed
    assert hers.order.order_id != his.order.order_id


async def test_total_that_is_too_large_creates_nothing_and_does_not_use_the_key(shop: Shop) -> None:
    with pytest.raises(TotalTooLargeError):
        await shop.create(alice(), "EUR", [OrderLine("a", 2, MAX_TOTAL_MINOR)], key="k")
    assert shop.store.events == []
    assert not (await shop.create(alice(), "EUR", LINES, key="k")).replayed
