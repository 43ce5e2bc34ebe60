"""The contract of the stores about deleted users, for the in-memory and the PostgreSQL implementation."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from order_svc.domain import events
from order_svc.domain.errors import OwnerDeletedError
from order_svc.domain.idempotency import Claim, fingerprint
from order_svc.domain.order_listing import OrderFilters

from tests.contract.order_stores import Store, in_memory, in_postgres
from tests.examples.orders import ALICE, BOB, LINES, NOON, alice, an_order, bob
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


async def test_order_of_a_deleted_user_is_refused(store: Store) -> None:
    for _ in range(2):  # a repeated deletion changes nothing
        await store.deleted_users.add(ALICE, NOON)
    order = an_order()
    with pytest.raises(OwnerDeletedError):
        await store.orders.add(order, events.created(order, alice()))
    with pytest.raises(OwnerDeletedError):
        await store.orders.add_once(order, events.created(order, alice()), CLAIM)
    assert (await store.orders.page(OrderFilters(ALICE), None, 10)).orders == ()
    assert await store.trail(order.order_id) == []
    assert await store.keys.delete_of_user(ALICE, 10) == 0


async def test_order_of_another_user_is_added(store: Store) -> None:
    await store.deleted_users.add(ALICE, NOON)
    order = an_order(user_id=BOB)
    assert await store.orders.add_once(order, events.created(order, bob()), CLAIM) is None


async def test_existing_orders_of_a_deleted_user_can_be_changed_and_removed(store: Store) -> None:
    orders = [an_order() for _ in range(3)]
    for order in orders:
        await store.orders.add(order, events.created(order, alice()))
    await store.deleted_users.add(ALICE, NOON)
    done, cancelled = orders[0].complete(NOON), orders[1].cancel(NOON)
    assert await store.orders.save(done, events.status_changed(orders[0], done, alice()))
    assert await store.orders.save_all([(cancelled, events.status_changed(orders[1], cancelled, alice()))]) == 1
    assert await store.orders.remove(orders[2], events.deleted(orders[2], alice(), NOON))


async def test_keys_of_a_user_are_deleted_in_batches_and_other_users_keys_are_kept(store: Store) -> None:
    for number in range(5):
        order = an_order()
        await store.orders.add_once(order, events.created(order, alice()), Claim(f"key-{number}", CLAIM.fingerprint))
    his = an_order(user_id=BOB)
    await store.orders.add_once(his, events.created(his, bob()), CLAIM)
    assert [await store.keys.delete_of_user(ALICE, 2) for _ in range(4)] == [2, 2, 1, 0]
    again = an_order(user_id=BOB)
    assert await store.orders.add_once(again, events.created(again, bob()), CLAIM) is not None


async def test_users_deleted_before_a_time_are_removed_in_batches(store: Store) -> None:
    gone = [an_order().order_id for _ in range(3)]  # ids of the same kind
    for user_id in gone:
        await store.deleted_users.add(user_id, NOON)
    await store.deleted_users.add(ALICE, NOON + SECOND)
    assert [await store.deleted_users.delete_older(NOON + SECOND, 2) for _ in range(3)] == [2, 1, 0]
    order = an_order()
    with pytest.raises(OwnerDeletedError):
        await store.orders.add(order, events.created(order, alice()))
    assert await store.deleted_users.delete_older(NOON + 2 * SECOND, 2) == 1
    await store.orders.add(order, events.created(order, alice()))
