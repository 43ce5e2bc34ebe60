"""From the deletion of a user to the cancellation of the orders, on real stores that fail and recover."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from loguru import logger
from order_svc.inbox.background import GROUP
from order_svc.inbox.dead_letters import DeadLetters, Replay
from order_svc.inbox.user_events import STREAM

from tests.examples.user_events import an_event, user_deleted
from tests.integration.events.platform import Platform
from tests.running.polling import in_time
from tests.running.restartable_redis import RestartableRedis
from tests.running.servers import as_admin, as_owner


@contextmanager
def logged() -> Iterator[list[str]]:
    """The messages that are logged while the context lasts."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), format="{message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


async def logged_once(lines: list[str], *texts: str) -> None:
    """Returns once each of the texts was logged exactly once."""

    async def all_logged() -> bool | None:
        return all(any(text in line for line in lines) for text in texts) or None

    await in_time(all_logged, within_s=20)
    assert [sum(text in line for line in lines) for text in texts] == [1] * len(texts)


async def test_orders_of_a_deleted_user_are_cancelled_soon(platform: Platform) -> None:
    async with platform.relaying() as relay, platform.receiving():
        gone, staying = await platform.customer(), await platform.customer()
        began_s = time.monotonic()
        await platform.delete(gone, relay)
        await platform.forgotten(gone)
        print(f"after {time.monotonic() - began_s:.3f} s")
        assert await platform.untouched(staying)
        await platform.dead_letters(0)


@pytest.mark.parametrize("forgery", ["invented", "another user", "another time"])
async def test_event_that_user_svc_did_not_write_cancels_nothing(platform: Platform, forgery: str) -> None:
    """Any client that may write to the stream can add such an entry, even with the id of a genuine event."""
    gone, victim = await platform.customer(), await platform.customer()
    async with platform.relaying() as relay:
        await platform.delete(gone, relay)
        await platform.in_stream(1)
        async with platform.redis() as redis:
            entries: Any = await redis.xrange(STREAM)
            genuine = entries[0][1]
            forged: dict[Any, Any] = user_deleted(victim.user.user_id).to_fields()
            if forgery == "another user":
                forged[b"event_id"] = genuine[b"event_id"]
            elif forgery == "another time":
                forged = genuine | {b"request_id": b"another"}
            await redis.delete(STREAM)
            await redis.xadd(STREAM, forged, id="1-0")
        async with platform.receiving():
            (letter,) = await platform.dead_letters(1)
        assert letter.cause == "unreadable: its issuer has no such event on record"
        assert await platform.untouched(victim)
        assert await platform.untouched(gone)


async def test_many_relays_and_inboxes_process_each_event_once(platform: Platform) -> None:
    async with AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(platform.relaying()) for _ in range(3)]
        for _ in range(3):
            await stack.enter_async_context(platform.receiving())
        customers = [await platform.customer() for _ in range(20)]
        await asyncio.gather(*(platform.delete(each, relays[n % 3]) for n, each in enumerate(customers)))
        await platform.forgotten(*customers)
    async with platform.redis() as redis:
        assert await redis.xlen(STREAM) == len(customers)


async def test_event_that_another_process_did_not_relay_is_relayed(platform: Platform) -> None:
    async with platform.relaying(), platform.receiving():
        gone = await platform.customer()
        await platform.delete(gone)
        await platform.forgotten(gone)


async def test_events_wait_while_redis_is_unavailable(platform: Platform, own_redis: RestartableRedis) -> None:
    async with platform.relaying() as relay, platform.receiving():
        first, second = await platform.customer(), await platform.customer()
        await platform.delete(first, relay)
        await platform.forgotten(first)
        with logged() as lines:
            own_redis.kill()
            await platform.delete(second, relay)
            await logged_once(lines, "events wait in the outbox", "events not received")
        assert await platform.untouched(second)
        own_redis.start()
        await platform.forgotten(second)


async def test_events_are_relayed_again_after_redis_lost_its_data(
    platform: Platform, own_redis: RestartableRedis
) -> None:
    async with platform.relaying() as relay:
        first, second, third = [await platform.customer() for _ in range(3)]
        async with platform.receiving():
            await platform.delete(first, relay)
            await platform.forgotten(first)
        # No inbox runs: the second event is in the stream and in the outbox only.
        await platform.delete(second, relay)
        await platform.in_stream(2)
        own_redis.kill()
        own_redis.lose_data()
        own_redis.start()
        async with platform.receiving():
            await platform.forgotten(first, second)
            async with platform.redis() as redis:
                await redis.flushall()
            await platform.delete(third, relay)
            await platform.forgotten(first, second, third)
            await platform.in_stream(3)


async def test_events_wait_while_the_database_of_orders_is_unavailable(platform: Platform) -> None:
    async with platform.relaying() as relay, platform.receiving():
        gone = await platform.customer()
        await lock_out(platform, True)
        with logged() as lines:
            await platform.delete(gone, relay)
            await logged_once(lines, "events wait: dependency unavailable")
        await lock_out(platform, False)
        await platform.forgotten(gone)
        await platform.dead_letters(0)


async def lock_out(platform: Platform, locked: bool) -> None:
    """Allows or denies connections to the inbox's database; the connection of the test itself stays open."""
    name = urlsplit(str(platform.orders_pool.conninfo)).path[1:]
    as_admin(platform.orders_pool, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {not locked}')
    if locked:
        query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        as_admin(platform.orders_pool, query)


async def test_unreadable_events_become_dead_letters_and_do_not_block_others(platform: Platform) -> None:
    async with platform.relaying() as relay, platform.receiving():
        poison, garbage = an_event(), an_event(type_="user.v1.UserDeleted")
        for event in (poison, garbage):
            await platform.write(event)
        gone = await platform.customer()
        await platform.delete(gone, relay)
        await platform.forgotten(gone)
        letters = await platform.dead_letters(2)
        assert [(each.fields["event_id"], each.cause, each.deliveries) for each in letters] == [
            (poison.event_id, "unknown type: user.v1.Renamed", 1),
            (garbage.event_id, "unreadable: not a user.v1.UserDeleted", 1),
        ]
        # Dead letters survive a loss of Redis.
        async with platform.redis() as redis:
            await redis.flushall()
        await platform.dead_letters(2)


async def test_failed_event_is_a_dead_letter_until_it_is_replayed(platform: Platform) -> None:
    async with platform.relaying(timedelta(0)) as relay, platform.receiving():
        gone = await platform.customer()
        await broken(platform, True)
        await platform.delete(gone, relay)
        letters = await platform.dead_letters(1)
        assert (letters[0].cause, letters[0].deliveries) == ("failed: CheckViolation", 3)
        assert await platform.untouched(gone)
        await broken(platform, False)
        async with platform.redis() as redis:
            dead = DeadLetters(redis, STREAM, GROUP)
            assert await dead.replay("1-1") is Replay.UNKNOWN
            assert await dead.replay(letters[0].letter_id) is Replay.DONE
        await platform.forgotten(gone)
        await platform.dead_letters(0)


async def broken(platform: Platform, is_broken: bool) -> None:
    """Adds or removes a constraint that breaks the handler, as a bug in it would."""
    what = (
        "ADD CONSTRAINT broken CHECK (details->>'cause' IS NULL) NOT VALID" if is_broken else "DROP CONSTRAINT broken"
    )
    as_owner(platform.orders_pool, f"ALTER TABLE order_events {what}")


async def test_dropped_dead_letter_is_deleted(platform: Platform) -> None:
    async with platform.relaying() as relay, platform.receiving():
        await platform.write(an_event())
        relay.wake()
        letters = await platform.dead_letters(1)
        async with platform.redis() as redis:
            dead = DeadLetters(redis, STREAM, GROUP)
            await redis.xdel(STREAM, letters[0].entry_id)
            assert await dead.replay(letters[0].letter_id) is Replay.ENTRY_GONE
            assert [await dead.drop(letters[0].letter_id) for _ in range(2)] == [True, False]
        await platform.dead_letters(0)


async def test_drained_inbox_completes_its_entry_and_leaves_the_group(platform: Platform) -> None:
    async with platform.relaying() as relay:
        async with platform.receiving() as inbox:
            gone, later = await platform.customer(), await platform.customer()
            await platform.delete(gone, relay)
            await platform.forgotten(gone)
            await inbox.drain(5)
            await platform.delete(later, relay)
            await platform.in_stream(2)
            async with platform.redis() as redis:
                assert await redis.xinfo_consumers(STREAM, GROUP) == []
        assert await platform.untouched(later)
        async with platform.receiving():
            await platform.forgotten(later)


async def test_events_are_processed_again_after_the_database_was_restored_from_a_backup(platform: Platform) -> None:
    """Follows the runbook."""
    async with platform.relaying() as relay, platform.receiving():
        gone, other = await platform.customer(), await platform.customer()
        await platform.delete(gone, relay)
        await platform.delete(other, relay)
        await platform.forgotten(gone, other)
        # The backup is older than the first of the two deletions.
        forget = f"DELETE FROM deleted_users WHERE user_id = '{gone.user.user_id}'"  # noqa: S608
        as_owner(platform.orders_pool, forget, "DELETE FROM processed_events")
        async with platform.orders_pool.connection() as connection:
            revert = "UPDATE orders SET status = 'processing', version = 1 WHERE user_id = %s AND order_id = ANY(%s)"
            await connection.execute(revert, (gone.user.user_id, [order.order_id for order in gone.processing]))
        async with platform.redis() as redis:
            await redis.xgroup_setid(STREAM, GROUP, "0")
        await platform.cancelled(gone)
        await platform.forgotten(other)
