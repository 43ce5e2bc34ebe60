"""The process dies between the commit of a creation and its response, and the client retries."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from shared_contracts.order.v1 import CreateOrderRequest, OrderLine

from tests.examples.orders import ALICE, BOB
from tests.integration.order_svc.running_service import running_service
from tests.running.polling import in_time
from tests.running.servers import RunningPostgres
from tests.running.tcp_proxy import tcp_proxy

REQUEST = CreateOrderRequest(
    currency="EUR", lines=[OrderLine(sku="bolt-m8", quantity=10, unit_price_minor=25)], idempotency_key="crash"
)


async def test_retry_after_a_crash_returns_the_first_result(
    database_url: str, postgres_server: RunningPostgres, tmp_path: Path
) -> None:
    async def order_ids() -> list[str] | None:
        """The ids of Alice's orders, once there are any: what others can see is committed."""
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            query = "SELECT order_id::text FROM orders WHERE user_id = %s"
            rows = await (await connection.execute(query, (ALICE,))).fetchall()
        return [order_id for (order_id,) in rows] or None

    async with tcp_proxy(postgres_server.port) as proxy:
        through_proxy = database_url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        async with running_service(through_proxy, tmp_path, POOL_MIN_SIZE="1", POOL_MAX_SIZE="1") as service:
            service.act_as(BOB)
            await service.stub.create_order(REQUEST)  # so that the statement is prepared
            service.act_as(ALICE)
            proxy.answers.clear()
            creating = asyncio.create_task(service.stub.create_order(REQUEST))
            committed = await in_time(order_ids, within_s=5)
            assert not creating.done()
            service.process.kill()
            await service.process.wait()
            with pytest.raises((StreamTerminatedError, OSError)):
                await creating

    async with running_service(database_url, tmp_path) as service:
        service.act_as(ALICE)
        again = await service.stub.create_order(REQUEST)
        assert again.replayed
        assert [again.order_id] == committed == await order_ids()
        altered = CreateOrderRequest(currency="USD", lines=REQUEST.lines, idempotency_key="crash")
        with pytest.raises(GRPCError) as refused:
            await service.stub.create_order(altered)
        assert refused.value.status is Status.FAILED_PRECONDITION
