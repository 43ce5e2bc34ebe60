"""Both sides of the events on real stores, in this process: relays and inboxes that a test starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from order_svc.adapters.clock import utc_now
from order_svc.adapters.deleted_users import PostgresDeletedUsers
from order_svc.adapters.event_issuer import UserSvcEventIssuer
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.adapters.processed_events import PostgresProcessedEvents
from order_svc.domain import events
from order_svc.domain.actor import Actor
from order_svc.domain.idempotency import Claim, fingerprint
from order_svc.domain.order import Order, OrderStatus
from order_svc.domain.order_listing import OrderFilters
from order_svc.inbox.background import GROUP, BackgroundInbox
from order_svc.inbox.dead_letters import DeadLetter, DeadLetters
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry
from order_svc.inbox.user_events import STREAM, UserEvents
from order_svc.use_cases.forget_user import ForgetUser
from redis.asyncio import Redis
from service_kit.events import Envelope
from service_kit.grpc.client import GrpcClient
from service_kit.grpc.server import GrpcServer
from service_kit.lifecycle.backoff import Backoff
from service_kit.postgres import PostgresPool
from service_kit.redis.client import own_connection
from service_kit.tokens.key_set import KeySet
from service_kit.tokens.verifier import TokenVerifier
from user_svc.adapters.outbox import table
from user_svc.adapters.outbox.background import BackgroundRelay
from user_svc.adapters.outbox.relay import Relay
from user_svc.adapters.outbox.table import PostgresOutbox
from user_svc.adapters.outbox.telemetry import OutboxTelemetry
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.domain.audit import AuditKind
from user_svc.domain.user import User
from user_svc.rpc.error_table import ERROR_TABLE as USER_ERRORS
from user_svc.rpc.event_service import UserEventService

from tests.examples.contracts import headrace_contract
from tests.examples.orders import LINES, an_order
from tests.examples.users import a_user, an_event, deleted
from tests.running.order_database import audit_trail
from tests.running.polling import in_time
from tests.running.servers import free_port

#: How soon an inbox takes over what another one has left, and how often it tries what fails.
CLAIM_IDLE_S = 0.5
MAX_DELIVERIES = 3
_CONTRACT = headrace_contract()
_NO_TOKENS = TokenVerifier(KeySet(list), issuer="", audience="", leeway_s=0)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Customer:
    """A user and their orders: some in processing, one done, one cancelled."""

    user: User
    processing: Sequence[Order]
    final: Sequence[Order]


@dataclass(frozen=True)
class Platform:
    """The databases of both services, and the URL of their Redis."""

    users_pool: PostgresPool
    orders_pool: PostgresPool
    redis_url: str

    async def customer(self, processing: int = 3, user_id: str = "") -> Customer:
        """Creates a customer, unless the user exists; one of the orders has an Idempotency-Key."""
        user = a_user(user_id=user_id) if user_id else a_user()
        if not user_id:
            await PostgresUserRepository(self.users_pool).add(user, an_event(AuditKind.REGISTERED, user))
        orders, actor = PostgresOrderRepository(self.orders_pool), Actor(user.user_id, False, "request-1")
        placed = [an_order(user_id=user.user_id) for _ in range(processing + 2)]
        await orders.add_once(placed[0], events.created(placed[0], actor), Claim("key", fingerprint("EUR", LINES)))
        for order in placed[1:]:
            await orders.add(order, events.created(order, actor))
        *left, to_complete, to_cancel = placed
        final = [to_complete.complete(utc_now()), to_cancel.cancel(utc_now())]
        for before, after in zip((to_complete, to_cancel), final, strict=True):
            await orders.save(after, events.status_changed(before, after, actor))
        return Customer(user, left, final)

    async def delete(self, customer: Customer, relay: BackgroundRelay | None = None) -> None:
        """Deletes the customer in PostgreSQL as the use case does."""
        users = PostgresUserRepository(self.users_pool, relay.wake if relay is not None else lambda: None)
        assert await users.remove(deleted(customer.user), an_event(AuditKind.USER_DELETED, customer.user))

    async def forgotten(self, *customers: Customer) -> None:
        """Returns once the customers' events were processed, and checks the result."""
        for customer in customers:
            await in_time(partial(self._lacks_keys, customer), within_s=20)
            await self._assert_forgotten(customer)

    async def _lacks_keys(self, customer: Customer) -> bool | None:
        """Returns whether the customer's keys are deleted, which is the last step."""
        query = "SELECT FROM idempotency_keys WHERE user_id = %s"
        async with self.orders_pool.connection() as connection:
            return await (await connection.execute(query, (customer.user.user_id,))).fetchone() is None or None

    async def _assert_forgotten(self, customer: Customer) -> None:
        orders = PostgresOrderRepository(self.orders_pool)
        for order in customer.processing:
            stands = await orders.get(order.order_id)
            assert stands is not None
            assert (stands.status, stands.version) == (OrderStatus.CANCELLED, 2)
            assert len(await audit_trail(self.orders_pool, order.order_id)) == 2
        for order in customer.final:
            assert await orders.get(order.order_id) == order

    async def cancelled(self, customer: Customer) -> None:
        """Returns once the customer's orders in processing are cancelled."""

        async def all_are() -> bool | None:
            return (await orders.page(processing, None, 1)).orders == () or None

        orders = PostgresOrderRepository(self.orders_pool)
        processing = OrderFilters(customer.user.user_id, OrderStatus.PROCESSING)
        await in_time(all_are, within_s=20)

    async def untouched(self, customer: Customer) -> bool:
        """Returns whether the customer's orders are unchanged."""
        orders = PostgresOrderRepository(self.orders_pool)
        return all([await orders.get(order.order_id) == order for order in customer.processing])

    @asynccontextmanager
    async def relaying(self, retention: timedelta = timedelta(days=7)) -> AsyncIterator[BackgroundRelay]:
        """Runs a relay of user-svc for as long as the context lasts."""
        telemetry = OutboxTelemetry()
        relay = Relay(PostgresOutbox(self.users_pool), telemetry, retention)
        background = BackgroundRelay(self.redis_url, STREAM, relay, telemetry)
        async with running(background.run()):
            yield background

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[BackgroundInbox]:
        """Runs an inbox of order-svc for as long as the context lasts."""
        orders, telemetry = PostgresOrderRepository(self.orders_pool), InboxTelemetry()
        forget = ForgetUser(orders, orders, PostgresDeletedUsers(self.orders_pool), utc_now)
        processed = PostgresProcessedEvents(self.orders_pool)
        handlers = UserEvents(_CONTRACT, forget).handlers()
        nowhere = f"127.0.0.1:{free_port()}"
        async with self.issuing() as there, GrpcClient(nowhere) as away, GrpcClient(there) as client:
            issuer = UserSvcEventIssuer([away, client])
            inbox = Inbox(
                handlers, processed, issuer, telemetry, max_deliveries=MAX_DELIVERIES, backoff=Backoff(0.05, 0.2)
            )
            background = BackgroundInbox(self.redis_url, STREAM, inbox, telemetry, CLAIM_IDLE_S)
            async with running(background.run()):
                yield background

    @asynccontextmanager
    async def issuing(self) -> AsyncIterator[str]:
        """Serves the gRPC services of user-svc that order-svc calls, and yields HOST:PORT."""
        port = free_port()
        server = GrpcServer(
            [UserEventService(PostgresOutbox(self.users_pool).get)],
            contract=_CONTRACT,
            verifier=_NO_TOKENS,
            hosts=("127.0.0.1",),
            port=port,
            error_table=USER_ERRORS,
        )
        async with server:
            yield f"127.0.0.1:{port}"

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A Redis client for the test."""
        async with own_connection(self.redis_url, "tests", connect_timeout_s=5, decode=False) as client:
            yield client

    async def dead_letters(self, count: int) -> list[DeadLetter]:
        """Returns the dead letters, once there are ``count``."""

        async def enough() -> list[DeadLetter] | None:
            letters = await DeadLetters(client, STREAM, GROUP).all()
            return letters if len(letters) == count else None

        async with self.redis() as client:
            return await in_time(enough, within_s=20)

    async def in_stream(self, count: int) -> None:
        """Returns once the stream has ``count`` entries."""

        async def enough() -> bool | None:
            return await client.xlen(STREAM) == count or None

        async with self.redis() as client:
            await in_time(enough, within_s=20)

    async def write(self, event: Envelope) -> None:
        """Adds an event to the outbox that no use case would write."""
        row = (event.event_id, event.type, event.payload, event.request_id, event.traceparent)
        async with self.users_pool.connection() as connection:
            await connection.execute(table.INSERT, (datetime.now(UTC), *row))


@asynccontextmanager
async def running(coroutine: "asyncio._CoroutineLike[None]") -> AsyncIterator[None]:
    """Runs a task that must not end by itself."""
    task = asyncio.create_task(coroutine)
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])
