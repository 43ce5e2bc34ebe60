"""The sweeps delete expired entries."""

import asyncio
from datetime import timedelta
from typing import LiteralString

from order_svc.adapters.clock import utc_now
from order_svc.adapters.deleted_users import PostgresDeletedUsers
from order_svc.adapters.ids import new_id
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.adapters.processed_events import PostgresProcessedEvents
from order_svc.adapters.sweeps import sweep_forever
from order_svc.domain import events
from order_svc.domain.idempotency import Claim, fingerprint
from order_svc.domain.ports import ExpiringStore
from order_svc.use_cases.delete_expired import DeleteExpired
from service_kit.postgres import PostgresPool

from tests.examples.orders import LINES, alice, an_order
from tests.running.polling import in_time
from tests.running.servers import as_owner

_DAY = timedelta(days=1)
_TABLES = ("idempotency_keys", "processed_events", "deleted_users")
_AGE = "UPDATE processed_events SET processed_at = '{at}' WHERE event_id = '{event_id}'"
_COUNT: LiteralString = """
SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM processed_events),
       (SELECT count(*) FROM deleted_users)"""


async def counts(pool: PostgresPool) -> tuple[int, ...]:
    async with pool.connection() as connection:
        return tuple(await (await connection.execute(_COUNT)).fetchone() or ())


async def test_expired_entries_are_deleted_and_others_are_kept(
    pool: PostgresPool, orders: PostgresOrderRepository
) -> None:
    processed, deleted_users = PostgresProcessedEvents(pool), PostgresDeletedUsers(pool)
    as_owner(pool, *(f"TRUNCATE {table}" for table in _TABLES))
    now = utc_now()
    for age in (timedelta(), 2 * _DAY):
        order = an_order(at=now - age)
        claim = Claim(f"key {age}", fingerprint("EUR", LINES))
        await orders.add_once(order, events.created(order, alice()), claim)
        await deleted_users.add(new_id(), now - age)
        event_id = new_id()
        await processed.add(event_id)
        as_owner(pool, _AGE.format(at=now - age, event_id=event_id))
    assert await counts(pool) == (2, 2, 2)
    stores: dict[str, ExpiringStore] = dict(zip(_TABLES, (orders, processed, deleted_users), strict=True))
    sweeps = {kind: DeleteExpired(store, _DAY, utc_now) for kind, store in stores.items()}
    sweeping = asyncio.create_task(sweep_forever(sweeps, 3600))

    async def swept() -> bool | None:
        return True if await counts(pool) == (1, 1, 1) else None

    try:
        assert await in_time(swept, within_s=20)
    finally:
        sweeping.cancel()
