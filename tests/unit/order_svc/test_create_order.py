"""Creating orders."""

from datetime import timedelta

import pytest
from order_svc.domain.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError, TotalTooLargeError
from order_svc.domain.events import EventKind
from order_svc.domain.order import MAX_TOTAL_MINOR, OrderLine, OrderStatus

from tests.examples.orders import ALICE, LINES, alice, bob
from tests.unit.order_svc.shop import Shop


async def test_an_order_is_kept_with_its_audit_entry(shop: Shop) -> None:
    created = await shop.create(alice("request-7"), "EUR", LINES, key=None)
    assert not created.replayed
    assert created.order.user_id == ALICE
    assert await shop.get(alice(), created.order.order_id) == created.order
    (event,) = shop.store.events
    assert (event.kind, event.order_id, event.actor_id) == (EventKind.CREATED, created.order.order_id, ALICE)
    assert (event.request_id, event.details["total_minor"]) == ("request-7", 250)


async def test_without_a_key_every_request_creates(shop: Shop) -> None:
    first, second = [await shop.create(alice(), "EUR", LINES, key=None) for _ in range(2)]
    assert first.order.order_id != second.order.order_id


async def test_the_same_request_again_is_answered_as_first(shop: Shop) -> None:
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
async def test_another_request_with_the_same_key_is_refused(
    shop: Shop, currency: str, lines: tuple[OrderLine, ...]
) -> None:
    await shop.create(alice(), "EUR", LINES, key="k")
    with pytest.raises(IdempotencyKeyReusedError):
        await shop.create(alice(), currency, lines, key="k")
    assert len(shop.store.events) == 1


async def test_a_key_in_progress_is_refused(shop: Shop) -> None:
    shop.store.in_progress.add((ALICE, "k"))
    with pytest.raises(IdempotencyKeyInUseError) as caught:
        await shop.create(alice(), "EUR", LINES, key="k")
    assert caught.value.retry_after_s > 0


async def test_keys_are_each_users_own(shop: Shop) -> None:
    hers, his = [await shop.create(actor, "EUR", LINES, key="k") for actor in (alice(), bob())]
    assert not his.replayed
    assert hers.order.order_id != his.order.order_id


async def test_a_total_that_is_too_large_creates_nothing_and_leaves_the_key_free(shop: Shop) -> None:
    with pytest.raises(TotalTooLargeError):
        await shop.create(alice(), "EUR", [OrderLine("a", 2, MAX_TOTAL_MINOR)], key="k")
    assert shop.store.events == []
    assert not (await shop.create(alice(), "EUR", LINES, key="k")).replayed
