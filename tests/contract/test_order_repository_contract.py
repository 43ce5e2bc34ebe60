"""The contract of the order repository, for the in-memory and the PostgreSQL implementation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from order_svc.domain import events
from order_svc.domain.errors import IdempotencyKeyInUseError
from order_svc.domain.idempotency import Claim, FirstAnswer, fingerprint
from order_svc.domain.order import MAX_TOTAL_MINOR, Order, OrderLine, OrderStatus
from order_svc.domain.order_listing import MAX_PAGE_BYTES, ORDER_BYTES, OrderFilters, OrderPosition

from tests.contract.order_stores import Store, in_memory, in_postgres
from tests.examples.orders import ALICE, BOB, LINES, NOON, alice, an_order, bob, unknown_id
from tests.running.order_database import migrated_database
from tests.running.servers import RunningPostgres

SECOND = timedelta(seconds=1)
CLAIM = Claim("key-1", fingerprint("EUR", LINES))


@pytest.fixture(scope="module")
def database_url(postgres_server: RunningPostgres) -> str:
    return migrated_database(postgres_server)


@pytest.fixture(params=["in_memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "in_memory":
        yield in_memory()
        return
    async with in_postgres(request.getfixturevalue("database_url")) as real:
        yield real


async def test_order_is_read_as_it_was_added(store: Store) -> None:
    order = an_order(lines=[OrderLine("größe ✓ \"'\\", 9000, 10**11), *LINES])
    event = events.created(order, alice())
    await store.orders.add(order, event)
    assert await store.orders.get(order.order_id) == order
    assert await store.trail(order.order_id) == [event]


async def test_largest_total_is_stored_exactly(store: Store) -> None:
    price, rest = divmod(MAX_TOTAL_MINOR, 9_500)
    order = an_order(lines=[OrderLine("a", 9_500, price), OrderLine("b", 1, rest)])
    assert order.total_minor == MAX_TOTAL_MINOR
    await store.orders.add_once(order, events.created(order, alice()), CLAIM)
    assert await store.orders.get(order.order_id) == order
    first = await store.orders.add_once(order, events.created(order, alice()), CLAIM)
    assert first is not None
    assert first.order == order


async def test_unknown_order_is_none(store: Store) -> None:
    assert await store.orders.get(unknown_id()) is None


async def test_save_replaces_the_previous_version(store: Store) -> None:
    order = an_order()
    await store.orders.add(order, events.created(order, alice()))
    done = order.complete(NOON + SECOND)
    changed = events.status_changed(order, done, alice("request-9"))
    assert await store.orders.save(done, changed)
    assert await store.orders.get(order.order_id) == done
    assert (await store.trail(order.order_id))[-1] == changed


async def test_save_of_a_stale_version_changes_nothing(store: Store) -> None:
    order = an_order()
    await store.orders.add(order, events.created(order, alice()))
    done, cancelled = order.complete(NOON), order.cancel(NOON)
    assert await store.orders.save(done, events.status_changed(order, done, alice()))
    assert not await store.orders.save(cancelled, events.status_changed(order, cancelled, alice()))
    assert await store.orders.get(order.order_id) == done
    assert len(await store.trail(order.order_id)) == 2


async def test_one_of_several_concurrent_changes_is_saved(store: Store) -> None:
    order = an_order()
    await store.orders.add(order, events.created(order, alice()))
    rivals = [order.complete(NOON), order.cancel(NOON)] * 4
    saved = await asyncio.gather(
        *(store.orders.save(rival, events.status_changed(order, rival, alice())) for rival in rivals)
    )
    assert saved.count(True) == 1
    assert await store.orders.get(order.order_id) == rivals[saved.index(True)]
    assert len(await store.trail(order.order_id)) == 2


async def test_save_all_skips_orders_at_another_version(store: Store) -> None:
    orders = [an_order() for _ in range(4)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    faster = orders[1].complete(NOON)
    await store.orders.save(faster, events.status_changed(orders[1], faster, alice()))
    await store.orders.remove(orders[2], events.deleted(orders[2], alice(), NOON))
    cancelled = [order.cancel(NOON + SECOND) for order in orders]
    changes = [
        (after, events.status_changed(before, after, alice())) for before, after in zip(orders, cancelled, strict=True)
    ]
    assert await store.orders.save_all(changes) == 2
    assert [await store.orders.get(order.order_id) for order in orders] == [cancelled[0], faster, None, cancelled[3]]
    for number in (0, 3):
        assert (await store.trail(orders[number].order_id))[1:] == [changes[number][1]]
    assert len(await store.trail(orders[1].order_id)) == 2
    assert await store.orders.save_all(changes) == 0


async def test_removed_order_is_gone_and_its_trail_is_kept(store: Store) -> None:
    order = an_order()
    await store.orders.add(order, events.created(order, alice()))
    deleted = events.deleted(order, alice(), NOON + SECOND)
    assert await store.orders.remove(order, deleted)
    assert await store.orders.get(order.order_id) is None
    assert not await store.orders.remove(order, deleted)
    assert not await store.orders.save(order.cancel(NOON), events.status_changed(order, order.cancel(NOON), alice()))
    assert await store.trail(order.order_id) == [events.created(order, alice()), deleted]


async def test_remove_of_a_stale_version_changes_nothing(store: Store) -> None:
    order = an_order()
    await store.orders.add(order, events.created(order, alice()))
    done = order.complete(NOON)
    await store.orders.save(done, events.status_changed(order, done, alice()))
    assert not await store.orders.remove(order, events.deleted(order, alice(), NOON))
    assert await store.orders.get(order.order_id) == done


async def test_key_stores_one_order_and_returns_its_first_result(store: Store) -> None:
    first, second = an_order(), an_order()
    assert await store.orders.add_once(first, events.created(first, alice()), CLAIM) is None
    other = Claim(CLAIM.key, fingerprint("USD", LINES))
    for claim in (CLAIM, other):
        answer = await store.orders.add_once(second, events.created(second, alice()), claim)
        assert answer == FirstAnswer(CLAIM.fingerprint, first)
    assert await store.orders.get(second.order_id) is None
    assert await store.trail(second.order_id) == []
    assert await store.trail(first.order_id) == [events.created(first, alice())]


async def test_first_result_is_kept_when_the_order_changes_or_is_removed(store: Store) -> None:
    order = an_order()
    await store.orders.add_once(order, events.created(order, alice()), CLAIM)
    done = order.complete(NOON + SECOND)
    await store.orders.save(done, events.status_changed(order, done, alice()))
    await store.orders.remove(done, events.deleted(done, alice(), NOON))
    retry = an_order()
    answer = await store.orders.add_once(retry, events.created(retry, alice()), CLAIM)
    assert answer == FirstAnswer(CLAIM.fingerprint, order)
    assert await store.orders.get(order.order_id) is None


async def test_same_key_of_two_users_stores_two_orders(store: Store) -> None:
    hers, his = an_order(user_id=ALICE), an_order(user_id=BOB)
    assert await store.orders.add_once(hers, events.created(hers, alice()), CLAIM) is None
    assert await store.orders.add_once(his, events.created(his, bob()), CLAIM) is None
    assert await store.orders.get(his.order_id) == his


async def test_concurrent_requests_with_one_key_store_one_order(store: Store) -> None:
    rivals = [an_order() for _ in range(20)]
    outcomes = await asyncio.gather(
        *(store.orders.add_once(order, events.created(order, alice()), CLAIM) for order in rivals),
        return_exceptions=True,
    )
    winners = [order for order, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
    assert len(winners) == 1
    assert list((await store.orders.page(OrderFilters(ALICE), None, 100)).orders) == winners
    for outcome in outcomes:
        assert isinstance(outcome, IdempotencyKeyInUseError | None) or outcome == FirstAnswer(
            CLAIM.fingerprint, winners[0]
        )


async def test_keys_used_before_a_time_are_deleted_in_batches(store: Store) -> None:
    for number in range(5):
        order = an_order(at=NOON + number * SECOND)
        await store.orders.add_once(order, events.created(order, alice()), Claim(f"key-{number}", CLAIM.fingerprint))
    before = NOON + 3 * SECOND
    assert [await store.keys.delete_older(before, 2) for _ in range(3)] == [2, 1, 0]
    again = an_order()
    assert await store.orders.add_once(again, events.created(again, alice()), Claim("key-0", CLAIM.fingerprint)) is None
    assert await store.orders.add_once(again, events.created(again, alice()), Claim("key-3", CLAIM.fingerprint))


async def test_list_contains_orders_of_one_user_newest_first(store: Store) -> None:
    orders = [an_order(at=NOON + number * SECOND) for number in (2, 0, 1)]
    for order in [*orders, an_order(user_id=BOB)]:
        await store.orders.add(order, events.created(order, alice()))
    assert list((await store.orders.page(OrderFilters(ALICE), None, 10)).orders) == [orders[0], orders[2], orders[1]]
    assert list((await store.orders.page(OrderFilters(ALICE), None, 2)).orders) == [orders[0], orders[2]]


async def test_orders_created_at_the_same_time_are_paged_by_id(store: Store) -> None:
    orders = [an_order() for _ in range(5)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    expected = sorted(orders, key=lambda order: order.order_id, reverse=True)
    seen: list[Order] = []
    behind: OrderPosition | None = None
    for _ in range(3):
        page = await store.orders.page(OrderFilters(ALICE), behind, 2)
        seen += page.orders
        behind = page.next
    assert seen == expected
    assert behind is None


async def test_list_is_filtered_by_status(store: Store) -> None:
    orders = [an_order(at=NOON + number * SECOND) for number in range(4)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    for order in orders[::2]:
        done = order.complete(NOON + 9 * SECOND)
        await store.orders.save(done, events.status_changed(order, done, alice()))
    filters = OrderFilters(ALICE, OrderStatus.PROCESSING)
    processing = await store.orders.page(filters, None, 10)
    assert list(processing.orders) == [orders[3], orders[1]]
    behind = OrderPosition.behind(orders[3])
    assert list((await store.orders.page(OrderFilters(ALICE, OrderStatus.PROCESSING), behind, 10)).orders) == [
        orders[1]
    ]
    assert list((await store.orders.page(OrderFilters(ALICE, OrderStatus.CANCELLED), None, 10)).orders) == []


def _order_of_bytes(size_bytes: int, at: datetime) -> Order:
    """Returns an order that takes the given number of bytes of a page."""
    empty = len('[{"sku": "", "quantity": 1, "unit_price_minor": 0}]')
    return an_order(at=at, lines=[OrderLine("é" + "x" * (size_bytes - ORDER_BYTES - empty - 2), 1, 0)])


@pytest.mark.parametrize("over_bytes", [0, 1])
async def test_page_ends_before_it_exceeds_the_byte_limit(store: Store, over_bytes: int) -> None:
    sizes_bytes = [1000, MAX_PAGE_BYTES - 2000, 1000 + over_bytes, 500]
    orders = [_order_of_bytes(size, NOON - number * SECOND) for number, size in enumerate(sizes_bytes)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    fitting = 3 - over_bytes
    first = await store.orders.page(OrderFilters(ALICE), None, 10)
    assert list(first.orders) == orders[:fitting]
    second = await store.orders.page(OrderFilters(ALICE), first.next, 10)
    assert (list(second.orders), second.next) == (orders[fitting:], None)


async def test_order_larger_than_a_page_gets_a_page_of_its_own(store: Store) -> None:
    orders = [_order_of_bytes(MAX_PAGE_BYTES + 1, NOON - number * SECOND) for number in range(2)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    first = await store.orders.page(OrderFilters(ALICE), None, 10)
    second = await store.orders.page(OrderFilters(ALICE), first.next, 10)
    assert [*first.orders, *second.orders] == orders
    assert second.next is None


async def test_position_is_valid_after_its_order_is_removed_and_newer_ones_are_added(store: Store) -> None:
    orders = [an_order(at=NOON + number * SECOND) for number in range(3)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    behind = OrderPosition.behind(orders[1])
    await store.orders.remove(orders[1], events.deleted(orders[1], alice(), NOON))
    newer = an_order(at=NOON + 9 * SECOND)
    await store.orders.add(newer, events.created(newer, alice()))
    assert list((await store.orders.page(OrderFilters(ALICE), behind, 10)).orders) == [orders[0]]
