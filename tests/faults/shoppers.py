"""Clients that create, read, cancel and delete orders at random, and record the responses."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.history import Kind, Op, Outcome, Sight
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.people import Person, newcomer

_ANSWERED_WITHIN_S = 10.0
_PAUSE_S = 0.02
#: Fewer than a page, so that one request lists all.
_MOST_ORDERS = 60
_PAGE = 100
_REFUSED = range(400, 500)


@dataclass(slots=True)
class Shop:
    """The knowledge and the record that the shoppers of one user share."""

    url: str
    person: Person
    ops: list[Op] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    order_ids: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def do(self, connection: HttpConnection, kind: Kind, target: str = "") -> Op:
        """Sends one request, and records its outcome."""
        invoked_s = time.monotonic()
        outcome, seen = Outcome.UNKNOWN, tuple[Sight, ...]()
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                answer = await self._ask(connection, kind, target)
            outcome = _outcome(answer)
            if outcome is Outcome.OK:
                seen = tuple(_sights(answer.json()))
        except (OSError, EOFError, ValueError, TimeoutError):
            pass  # after any error of the connection, the outcome is unknown
        op = Op(self.person.user_id, kind, outcome, invoked_s, time.monotonic(), target, seen)
        self.ops.append(op)
        return op

    async def _ask(self, connection: HttpConnection, kind: Kind, target: str) -> Answer:
        token, path = self.person.token, f"/api/v1/orders/{target}"
        match kind:
            case Kind.CREATE:
                # The key is the SKU of the only line, so that every later response with the order names it.
                body = {"currency": "EUR", "lines": [{"sku": target, "quantity": 1, "unit_price_minor": 100}]}
                headers = {"Idempotency-Key": target}
                return await connection.request("POST", "/api/v1/orders", token=token, body=body, headers=headers)
            case Kind.LIST:
                return await connection.request("GET", f"/api/v1/orders?page_size={_PAGE}", token=token)
            case Kind.CANCEL:
                return await connection.request("PATCH", path, token=token, body={"status": "cancelled"})
            case Kind.DELETE:
                return await connection.request("DELETE", path, token=token)
            case Kind.GET:
                return await connection.request("GET", path, token=token)

    async def create(self, connection: HttpConnection, key: str, over: asyncio.Event) -> None:
        """Repeats a creation until it succeeds, as a careful client does."""
        op = await self.do(connection, Kind.CREATE, key)
        while op.outcome is not Outcome.OK and not over.is_set():
            await asyncio.sleep(_PAUSE_S * 5)
            op = await self.do(connection, Kind.CREATE, key)
        self.order_ids += [sight.order_id for sight in op.seen]

    def new_key(self) -> str:
        """Returns an unused key."""
        self.keys.append(f"{self.person.user_id[-12:]}-{next(self._numbers)}")
        return self.keys[-1]


def _outcome(answer: Answer) -> Outcome:
    if answer.status == 404:
        return Outcome.MISSING
    if answer.status in _REFUSED:
        return Outcome.REFUSED
    return Outcome.OK if answer.status < 400 else Outcome.UNKNOWN


def _sights(document: Any) -> Iterable[Sight]:
    if document is None:
        return
    assert not document.get("next_page_token"), "there are more orders than a page has"
    for order in document.get("orders", [document]):
        yield Sight(order["order_id"], order["lines"][0]["sku"], order["version"])


async def _shop(shop: Shop, chance: random.Random, over: asyncio.Event) -> None:
    connection = HttpConnection(shop.url)
    try:
        while not over.is_set():
            await _next_step(shop, connection, chance, over)
            await asyncio.sleep(_PAUSE_S)
    finally:
        connection.close()


async def _next_step(shop: Shop, connection: HttpConnection, chance: random.Random, over: asyncio.Event) -> None:
    wish = chance.random()
    if not shop.order_ids or (wish < 0.25 and len(shop.order_ids) < _MOST_ORDERS):
        await shop.create(connection, shop.new_key(), over)
    elif wish < 0.3:
        await shop.do(connection, Kind.CREATE, chance.choice(shop.keys))
    elif wish < 0.5:
        await shop.do(connection, Kind.LIST)
    elif wish < 0.7:
        await shop.do(connection, Kind.GET, chance.choice(shop.order_ids))
    elif wish < 0.8:
        await shop.do(connection, Kind.CANCEL, chance.choice(shop.order_ids))
    else:
        await _delete(shop, connection, chance.choice(shop.order_ids))


async def _delete(shop: Shop, connection: HttpConnection, order_id: str) -> None:
    op = await shop.do(connection, Kind.DELETE, order_id)
    # Deletions with an unknown outcome are repeated; deleted orders are read once more.
    if op.outcome in {Outcome.OK, Outcome.MISSING}:
        await shop.do(connection, Kind.GET, order_id)
        if order_id in shop.order_ids:
            shop.order_ids.remove(order_id)


@asynccontextmanager
async def shopping(url: str, *, users: int, each: int, seed: int) -> AsyncIterator[list[Shop]]:
    """Runs this many shoppers for each of this many users within the context."""
    shops = [Shop(url, await newcomer(url)) for _ in range(users)]
    over = asyncio.Event()
    shoppers = [
        asyncio.create_task(_shop(shop, random.Random(seed + number), over))  # noqa: S311 - no secret
        for number, shop in enumerate(itertools.chain.from_iterable([shop] * each for shop in shops))
    ]
    try:
        yield shops
    finally:
        over.set()
        await asyncio.gather(*shoppers)


async def look_at_the_outcome(shop: Shop) -> None:
    """Lists and reads every order once more, after all shoppers have stopped and all faults are repaired."""
    connection = HttpConnection(shop.url)
    try:
        await shop.do(connection, Kind.LIST)
        for order_id in {sight.order_id for op in shop.ops for sight in op.seen}:
            await shop.do(connection, Kind.GET, order_id)
    finally:
        connection.close()
