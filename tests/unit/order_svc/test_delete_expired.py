"""Use case DeleteExpired."""

from datetime import timedelta

from order_svc.use_cases.delete_expired import MAX_CLOCK_SKEW, DeleteExpired

from tests.examples.orders import LINES, alice
from tests.unit.order_svc.shop import Shop


async def test_keys_are_kept_for_the_retention_plus_the_clock_skew(shop: Shop) -> None:
    forget = DeleteExpired(shop.store, retention=timedelta(hours=24), now=shop.clock)
    first = await shop.create(alice(), "EUR", LINES, key="k")
    shop.clock.advance(timedelta(hours=24) + MAX_CLOCK_SKEW)
    assert await forget() == 0
    assert (await shop.create(alice(), "EUR", LINES, key="k")).order == first.order
    shop.clock.advance(timedelta(microseconds=1))
    assert await forget() == 1
    assert not (await shop.create(alice(), "EUR", LINES, key="k")).replayed


async def test_more_than_one_batch_is_deleted_in_one_run(shop: Shop) -> None:
    forget = DeleteExpired(shop.store, retention=timedelta(hours=24), now=shop.clock)
    for number in range(1001):
        await shop.create(alice(), "EUR", LINES, key=f"k{number}")
    shop.clock.advance(timedelta(hours=25))
    assert await forget() == 1001
