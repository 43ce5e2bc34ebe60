"""Many concurrent requests with one Idempotency-Key create one order, and every response returns that one."""

import asyncio
import secrets

import psycopg

from tests.faults.drill import Drill
from tests.faults.finding import Finding, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, see, summary, together
from tests.faults.people import ORDER, Person, newcomer
from tests.faults.stage import Stage
from tests.running.stacks import Stack

_AT_ONCE = 50
_ALTERED = {**ORDER, "currency": "USD"}
_IN_USE = "409 IDEMPOTENCY_KEY_IN_USE"


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person, key = await newcomer(stack.url), secrets.token_hex(8)
    at_once = await together(stack.url, "at once", [person.order(key)] * _AT_ONCE)
    later = await _one_after_another(stack.url, person, key)
    created = [seen.answer.json()["order_id"] for seen in at_once.seen if seen.status == 201 and seen.answer]
    replayed = later.seen[0].answer
    assert replayed is not None
    outcomes = at_once.by_outcome()
    as_required = outcomes.keys() <= {"201", _IN_USE} and bool(created)
    return [
        Finding("responses", f"201, or {_IN_USE}", summary(outcomes), as_required),
        counted("different orders in the responses", len({*created, replayed.json().get("order_id")}), 1),
        Finding(
            "the key again",
            "201, replayed",
            f"{replayed.status}, Idempotency-Replayed: {replayed.headers.get('idempotency-replayed')}",
            (replayed.status, replayed.headers.get("idempotency-replayed")) == (201, "true"),
        ),
        counted("422 for a changed body", later.by_outcome().get("422 IDEMPOTENCY_KEY_REUSED", 0), 1),
        counted("rows in the database", await asyncio.to_thread(_rows, stack, person.user_id), 1),
    ]


async def _one_after_another(url: str, person: Person, key: str) -> Record:
    record, connection = Record(), HttpConnection(url)
    try:
        await see(record, "again", connection, person.order(key))
        await see(record, "altered", connection, person.order(key, _ALTERED))
    finally:
        connection.close()
    return record


def _rows(stack: Stack, user_id: str) -> int:
    url = (stack.data_dir / "secrets" / "order-svc-database-url").read_text()
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM orders WHERE user_id = %s", (user_id,)).fetchone()
    assert row is not None
    return int(row[0])


DRILL = Drill(18, "one Idempotency-Key 50 times at once", "one order; with another body 422", run)
