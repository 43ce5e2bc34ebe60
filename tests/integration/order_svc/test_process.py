"""The order service as a process, with real gRPC and PostgreSQL, until its graceful shutdown."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from shared_contracts.order.v1 import (
    CreateOrderRequest,
    DeleteOrderRequest,
    GetOrderRequest,
    ListOrdersRequest,
    Order,
    OrderLine,
    OrderStatus,
    UpdateOrderStatusRequest,
)

from tests.examples.orders import ALICE, BOB, ROOT, unknown_id
from tests.integration.order_svc.running_service import RunningService, running_service
from tests.running.polling import in_time

LINES = [
    OrderLine(sku="bolt-m8", quantity=10, unit_price_minor=25),
    OrderLine(sku="gift", quantity=1, unit_price_minor=0),
]


@pytest.fixture(scope="module")
async def service(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningService]:
    async with running_service(database_url, tmp_path_factory.mktemp("order-svc")) as service:
        yield service


async def placed(service: RunningService, key: str | None = None) -> Order:
    response = await service.stub.create_order(CreateOrderRequest(currency="EUR", lines=LINES, idempotency_key=key))
    assert response.order is not None
    assert response.order_id == response.order.order_id
    return response.order


def reason_of(error: GRPCError) -> tuple[Status, str]:
    (info,) = [detail for detail in error.details or () if isinstance(detail, ErrorInfo)]
    return error.status, info.reason


async def test_order_is_created_read_cancelled_and_deleted(service: RunningService, database_url: str) -> None:
    service.act_as(ALICE)
    order = await placed(service)
    assert (order.user_id, order.total_minor, order.version) == (ALICE, 250, 1)
    assert (order.status, order.lines) == (OrderStatus.PROCESSING, LINES)
    assert order.created_at is not None
    assert order.created_at == order.updated_at

    shown = await service.stub.get_order(GetOrderRequest(order_id=order.order_id.upper()))
    assert shown.order == order

    cancelling = UpdateOrderStatusRequest(order_id=order.order_id, status=OrderStatus.CANCELLED, expected_versions=[1])
    changed = (await service.stub.update_order_status(cancelling)).order
    assert changed is not None
    assert (changed.status, changed.version) == (OrderStatus.CANCELLED, 2)

    await service.stub.delete_order(DeleteOrderRequest(order_id=order.order_id))
    with pytest.raises(GRPCError) as caught:
        await service.stub.get_order(GetOrderRequest(order_id=order.order_id))
    assert reason_of(caught.value) == (Status.NOT_FOUND, "ORDER_NOT_FOUND")

    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        query = "SELECT kind, request_id FROM order_events WHERE order_id = %s ORDER BY event_id"
        rows = await (await connection.execute(query, (order.order_id,))).fetchall()
    assert rows == [("created", "request-1"), ("status_changed", "request-1"), ("deleted", "request-1")]


async def test_concurrent_requests_with_one_key_create_one_order(service: RunningService) -> None:
    service.act_as(ALICE)
    outcomes = await asyncio.gather(*(placed(service, "burst") for _ in range(50)), return_exceptions=True)
    orders = [outcome for outcome in outcomes if isinstance(outcome, Order)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, GRPCError)]
    assert len(orders) + len(refusals) == 50
    assert len({order.order_id for order in orders}) == 1
    assert {reason_of(refusal) for refusal in refusals} <= {(Status.ABORTED, "IDEMPOTENCY_KEY_IN_USE")}


async def test_retry_returns_the_first_result_and_is_marked_as_replayed(service: RunningService) -> None:
    service.act_as(ALICE)
    request = CreateOrderRequest(currency="EUR", lines=LINES, idempotency_key="retry")
    first = await service.stub.create_order(request)
    await service.stub.delete_order(DeleteOrderRequest(order_id=first.order_id))
    again = await service.stub.create_order(request)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.order == first.order
    with pytest.raises(GRPCError) as caught:
        await service.stub.create_order(CreateOrderRequest(currency="USD", lines=LINES, idempotency_key="retry"))
    assert reason_of(caught.value) == (Status.FAILED_PRECONDITION, "IDEMPOTENCY_KEY_REUSED")


async def test_list_is_paged_by_tokens_that_are_bound_to_the_filters(service: RunningService) -> None:
    owner = "0198c0de-0000-7000-8000-0000000c4a01"
    service.act_as(owner)
    orders = [await placed(service) for _ in range(5)][::-1]
    first = await service.stub.list_orders(ListOrdersRequest(page_size=2))
    second = await service.stub.list_orders(ListOrdersRequest(page_size=3, page_token=first.next_page_token))
    assert [*first.orders, *second.orders] == orders
    assert second.next_page_token == ""
    processing = OrderStatus.PROCESSING
    for wrong in (
        ListOrdersRequest(page_token=first.next_page_token, status=processing),
        ListOrdersRequest(page_token="garbage"),
    ):
        with pytest.raises(GRPCError) as caught:
            await service.stub.list_orders(wrong)
        assert reason_of(caught.value) == (Status.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
        (violations,) = [detail for detail in caught.value.details or () if isinstance(detail, BadRequest)]
        assert [violation.field for violation in violations.field_violations] == ["page_token"]
    service.act_as(ROOT, role="admin")
    assert (await service.stub.list_orders(ListOrdersRequest(user_id=owner.upper()))).orders == orders
    assert (await service.stub.list_orders(ListOrdersRequest())).orders == []


async def test_refused_calls_have_the_status_and_reason_of_the_contract(service: RunningService) -> None:
    service.act_as(ALICE)
    mine, final = await placed(service), await placed(service)
    stub, done, cancelled = service.stub, OrderStatus.DONE, OrderStatus.CANCELLED
    await stub.update_order_status(UpdateOrderStatusRequest(order_id=final.order_id, status=cancelled))
    dear = [OrderLine(sku="a", quantity=10_000, unit_price_minor=10**12)]
    refused = [
        (stub.get_order(GetOrderRequest(order_id=unknown_id())), Status.NOT_FOUND, "ORDER_NOT_FOUND"),
        (stub.get_order(GetOrderRequest(order_id="17")), Status.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (stub.delete_order(DeleteOrderRequest(order_id=unknown_id())), Status.NOT_FOUND, "ORDER_NOT_FOUND"),
        (stub.list_orders(ListOrdersRequest(user_id=BOB)), Status.NOT_FOUND, "USER_NOT_FOUND"),
        (
            stub.create_order(CreateOrderRequest(currency="EUR", lines=dear)),
            Status.INVALID_ARGUMENT,
            "ORDER_TOTAL_TOO_LARGE",
        ),
        (
            stub.update_order_status(UpdateOrderStatusRequest(order_id=mine.order_id, status=done)),
            Status.PERMISSION_DENIED,
            "ACCESS_DENIED",
        ),
        (
            stub.update_order_status(
                UpdateOrderStatusRequest(order_id=mine.order_id, status=cancelled, expected_versions=[2])
            ),
            Status.ABORTED,
            "VERSION_MISMATCH",
        ),
        (
            stub.update_order_status(UpdateOrderStatusRequest(order_id=final.order_id, status=cancelled)),
            Status.FAILED_PRECONDITION,
            "ORDER_TRANSITION_NOT_ALLOWED",
        ),
    ]
    for call, status, reason in refused:
        with pytest.raises(GRPCError) as caught:
            await call
        assert reason_of(caught.value) == (status, reason)
    service.act_as(BOB)
    with pytest.raises(GRPCError) as caught:
        await stub.get_order(GetOrderRequest(order_id=mine.order_id))
    assert reason_of(caught.value) == (Status.NOT_FOUND, "ORDER_NOT_FOUND")


async def test_locked_database_is_reported_and_the_service_recovers(service: RunningService, database_url: str) -> None:
    assert (await service.probe("/readyz"))[1]["checks"].keys() >= {"postgres", "key_set"}
    service.act_as(ALICE)
    order = await placed(service)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        # More calls than connections: some wait for the lock, the others for a connection. Each is of another user,
        # because the calls of one user wait for each other first.
        asked = []
        for number in range(30):
            service.act_as(f"0198c0de-0000-7000-8000-{number:012}")
            call = service.stub.get_order(GetOrderRequest(order_id=order.order_id))
            asked.append(asyncio.create_task(call))
        service.act_as(ALICE)
        await waiting_for_a_lock(database_url)
        assert [(await service.probe(path))[0] for path in ("/readyz", "/livez")] == [200, 200]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert not await waiting_statements(database_url)
    refusals = [reason_of(outcome) for outcome in outcomes if isinstance(outcome, GRPCError)]
    assert len(refusals) == 30
    assert set(refusals) == {
        (Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
        (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"),
    }
    assert (await service.stub.get_order(GetOrderRequest(order_id=order.order_id))).order == order


async def waiting_statements(database_url: str) -> int:
    """Returns how many statements wait for the lock of another one."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def waiting_for_a_lock(database_url: str) -> None:
    async def look() -> int | None:
        return await waiting_statements(database_url) or None

    await in_time(look, within_s=5)


async def test_sigterm_completes_calls_in_flight_and_exits_with_0(database_url: str, tmp_path: Path) -> None:
    async with running_service(database_url, tmp_path) as service:
        service.act_as(ALICE)
        order = await placed(service)
        async with await psycopg.AsyncConnection.connect(database_url) as other:
            await other.execute("SELECT FROM orders WHERE order_id = %s FOR UPDATE", (order.order_id,))
            cancelling = UpdateOrderStatusRequest(order_id=order.order_id, status=OrderStatus.CANCELLED)
            in_flight = asyncio.create_task(service.stub.update_order_status(cancelling))
            await waiting_for_a_lock(database_url)
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
            assert not in_flight.done()
        changed = (await in_flight).order
        assert changed is not None
        assert changed.status is OrderStatus.CANCELLED
        assert await asyncio.wait_for(service.process.wait(), 5) == 0
