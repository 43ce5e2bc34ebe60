"""Thousands of requests are cancelled at random moments while PostgreSQL and Redis are slow.

No response may reach another request, and every connection must return to its pool.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass

from tests.faults.drill import Drill
from tests.faults.extra_process import ExtraProcess
from tests.faults.finding import Finding, at_least, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import summary
from tests.faults.people import ORDER, Person, newcomer
from tests.faults.slow_stores import SlowStores, slow_stores
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack

_LATE_S = 0.005
#: The longest wait of clients, as a multiple of a usual response time: some requests are cancelled before they start,
#: others have been answered.
_PATIENCE = 0.7
_AT_ONCE = 8
_PEOPLE, _ORDERS_EACH = 6, 3
_MEASURED = 20
_SETTLED_WITHIN_S = 20.0
_RIGHT, _CROSSED = "right", "another's"


@dataclass(frozen=True, slots=True)
class _Customer:
    """A user and their orders."""

    person: Person
    order_ids: list[str]


class _Storm:
    """Requests, most of which are cancelled. outcomes: of those that were not."""

    def __init__(self, url: str, customers: list[_Customer], wanted: int) -> None:
        self._patience_s = 0.0
        self.url = url
        self._customers = customers
        self._wanted = wanted
        self.given_up = 0
        self.outcomes: Counter[str] = Counter()

    async def measure(self) -> None:
        """Measures how long responses take."""
        connection = HttpConnection(self.url)
        began_s = time.monotonic()
        for seed in range(_MEASURED):
            assert await self.ask(random.Random(seed), connection) == _RIGHT  # noqa: S311
        self._patience_s = _PATIENCE * _AT_ONCE * (time.monotonic() - began_s) / _MEASURED
        connection.close()

    async def blow(self, seed: int) -> None:
        """Runs one client until enough requests were sent."""
        chance, connection = random.Random(seed), HttpConnection(self.url)  # noqa: S311
        while self.given_up < self._wanted:
            try:
                async with asyncio.timeout(chance.random() ** 2 * self._patience_s):
                    self.outcomes[await self.ask(chance, connection)] += 1
            except TimeoutError:
                self.given_up += 1
        connection.close()

    async def ask(self, chance: random.Random, connection: HttpConnection) -> str:
        """Sends one request, and returns "right" or "another's" for its response, or status and code."""
        customer = chance.choice(self._customers)
        order_id, token = chance.choice(customer.order_ids), customer.person.token
        kind = chance.choice(["an order", "an order", "a new order", "the user"])
        if kind == "an order":
            answer = await connection.request("GET", f"/api/v1/orders/{order_id}", token=token)
        elif kind == "a new order":
            answer = await connection.request("POST", "/api/v1/orders", token=token, body=ORDER)
        else:
            answer = await connection.request("GET", "/api/v1/users/me", token=token)
        if answer.status not in {200, 201}:
            return f"{answer.status} {answer.json()['code']}"
        body = answer.json()
        own = body["user_id"] == customer.person.user_id and (kind != "an order" or body["order_id"] == order_id)
        return _RIGHT if own else _CROSSED


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(10_000, 150)))


async def _run(stack: Stack, wanted: int) -> list[Finding]:
    customers = [await _customer(stack) for _ in range(_PEOPLE)]
    async with slow_stores(stack) as stores:
        stores.postgres.delay_s = stores.redis.delay_s = _LATE_S
        storm = _Storm(stores.url, customers, wanted)
        await storm.measure()
        await asyncio.gather(*(storm.blow(seed) for seed in range(_AT_ONCE)))
        in_use = await _in_use_when_quiet(stores)
        stores.postgres.delay_s = stores.redis.delay_s = 0.0
        after = await _after(storm)
    return [
        at_least("cancelled requests", storm.given_up, wanted),
        Finding("responses meanwhile", "right, at least 20", summary(storm.outcomes), storm.outcomes[_RIGHT] >= 20),
        counted("responses that belong to another request", storm.outcomes[_CROSSED] + after[_CROSSED]),
        counted(
            "responses 500", sum(count for end, count in (storm.outcomes + after).items() if end.startswith("500"))
        ),
        *(counted(f"connections of {name} that were not returned", used) for name, used in in_use.items()),
        Finding("requests afterwards", _RIGHT, summary(after), after.keys() == {_RIGHT}),
    ]


async def _customer(stack: Stack) -> _Customer:
    person = await newcomer(stack.url)
    return _Customer(person, [await person.place(stack.url) for _ in range(_ORDERS_EACH)])


async def _in_use_when_quiet(stores: SlowStores) -> dict[str, int]:
    """Returns the connections in use per pool, after waiting for them to be returned."""
    used: dict[str, int] = {}

    async def all_back() -> bool | None:
        for process in (stores.users, stores.orders):
            used.update(await _used(process))
        return not any(used.values()) or None

    try:
        await in_time(all_back, within_s=_SETTLED_WITHIN_S, every_s=0.2)
    except AssertionError:
        return used
    return used


async def _used(process: ExtraProcess) -> dict[str, int]:
    """Returns the connections in use per pool, without those of probes."""
    return {
        labels["db_client_connection_pool_name"]: int(count)
        for labels, count in await process.samples("db_client_connections")
        if labels["db_client_connection_state"] == "used" and "probe" not in labels["db_client_connection_pool_name"]
    }


async def _after(storm: _Storm) -> Counter[str]:
    """Sends as many requests at once as before, without cancelling any."""

    async def ask(seed: int) -> str:
        connection = HttpConnection(storm.url)
        try:
            return await storm.ask(random.Random(seed), connection)  # noqa: S311
        finally:
            connection.close()

    return Counter(await asyncio.gather(*(ask(seed) for seed in range(_AT_ONCE))))


DRILL = Drill(
    13,
    "10 000 calls are cancelled on the way to Redis and PostgreSQL",
    "no reply reaches another call, no connection is lost",
    run,
)
