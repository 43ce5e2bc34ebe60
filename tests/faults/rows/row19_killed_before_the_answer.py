"""order-svc is killed between the commit of an order and its response; the retry with the key returns that order."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared_contracts.order.v1 import CreateOrderRequest, OrderLine

from tests.faults.drill import Drill
from tests.faults.extra_process import ExtraProcess, extra_process
from tests.faults.finding import Finding, always, counted
from tests.faults.grpc_calls import channel_to, outcome, unary
from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, see
from tests.faults.order_store import database_url, orders_of
from tests.faults.people import ORDER, Person, newcomer
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

_CREATE = "/order.v1.OrderService/CreateOrder"
_ALTERED = {**ORDER, "currency": "USD"}
_LINES = [OrderLine(sku="boots-42", quantity=1, unit_price_minor=12900)]


@dataclass(frozen=True, slots=True)
class _Crash:
    """The first outcome; the retry through the gateway (its order, whether replayed); and a retry with another body."""

    first: str
    order: str
    replayed: str
    altered: str
    rows: int


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(10, 1)))


async def _run(stack: Stack, times: int) -> list[Finding]:
    crashes = [await _crash(stack) for _ in range(times)]
    return [
        always("response to the first client", "UNAVAILABLE", [crash.first for crash in crashes]),
        always("the same key again", "the committed order", [crash.order for crash in crashes]),
        always("Idempotency-Replayed", "true", [crash.replayed for crash in crashes]),
        always("the same key and another body", "422", [crash.altered for crash in crashes]),
        counted(f"rows of {times} orders", sum(crash.rows for crash in crashes), times),
    ]


async def _crash(stack: Stack) -> _Crash:
    person, key = await newcomer(stack.url), secrets.token_hex(8)
    async with _behind_a_proxy(stack) as (service, proxy), channel_to(service.target) as channel:
        other = await newcomer(stack.url)
        # Prepares the statement: the next message is then the statement itself, which is its own transaction.
        assert await outcome(unary(channel, _CREATE, _request(key), token=other.token)) == "OK"
        proxy.answers.clear()
        creating = asyncio.create_task(outcome(unary(channel, _CREATE, _request(key), token=person.token)))
        # Other connections see it, so it is committed; the response of PostgreSQL is held back.
        committed = await in_time(lambda: _order_of(stack, person), within_s=5)
        service.send(signal.SIGKILL)
        first = await creating
    return await _ask_again(stack, person, key, committed, first)


async def _ask_again(stack: Stack, person: Person, key: str, committed: str, first: str) -> _Crash:
    record, connection = Record(), HttpConnection(stack.url)
    try:
        again = (await see(record, "again", connection, person.order(key))).answer
        altered = await see(record, "altered", connection, person.order(key, _ALTERED))
    finally:
        connection.close()
    assert again is not None
    order = "the committed order" if again.json().get("order_id") == committed else f"{again.status}: another one"
    rows = len(await orders_of(stack, person.user_id))
    return _Crash(first, order, again.headers.get("idempotency-replayed", "not said"), str(altered.status), rows)


@asynccontextmanager
async def _behind_a_proxy(stack: Stack) -> AsyncIterator[tuple[ExtraProcess, TcpProxy]]:
    """Yields an order-svc with a single connection to PostgreSQL, whose responses can be held back."""
    url = database_url(stack)
    port = urlsplit(url).port
    assert port is not None
    async with tcp_proxy(port) as proxy:
        settings = {
            "ORDER_SVC_DATABASE_URL": url.replace(f":{port}/", f":{proxy.port}/"),
            "ORDER_SVC_POOL_MIN_SIZE": "1",
            "ORDER_SVC_POOL_MAX_SIZE": "1",
        }
        async with extra_process(stack, "order-svc", settings) as service:
            yield service, proxy


async def _order_of(stack: Stack, person: Person) -> str | None:
    return next(iter(await orders_of(stack, person.user_id)), None)


def _request(key: str) -> bytes:
    """Returns the order that the REST requests create."""
    return bytes(CreateOrderRequest(currency="EUR", lines=_LINES, idempotency_key=key))


DRILL = Drill(19, "kill -9 between commit and reply, then the key again", "the first result, one row", run)
