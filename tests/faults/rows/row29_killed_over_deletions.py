"""Users delete their accounts while both sides of the event are killed: each user's orders are cancelled once."""

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, see
from tests.faults.people import Person, metric, newcomer
from tests.faults.stage import Stage, gone, restart, send
from tests.running.polling import in_time
from tests.running.stacks import Stack

_REPLICAS = {"gateway": 2, "user-svc": 2, "order-svc": 2}
_SERVICES = ("user-svc", "order-svc")
_ORDERS_EACH = 3
_STAYING = 3
_AT_ONCE = 5
_PAUSE_S = 0.2
#: Longer than the claim of a dead process on an event, and than a start of all processes.
_SETTLED_WITHIN_S = 60.0
_AFTERWARDS = """
    SELECT user_id::text, status, version,
           (SELECT count(*) FROM order_events AS e WHERE e.order_id = o.order_id AND kind = 'status_changed')
    FROM orders AS o WHERE user_id::text = ANY(%s)"""
_UNDECIDED = """
    SELECT (SELECT count(*) FROM unnest(%(users)s::uuid[]) AS u WHERE u NOT IN (SELECT user_id FROM deleted_users))
         + (SELECT count(*) FROM orders WHERE status = 'processing' AND user_id = ANY(%(users)s::uuid[]))"""


@dataclass(frozen=True, slots=True)
class Row:
    """The final state of an order. changes: entries in its audit trail for that state."""

    user_id: str
    status: str
    version: int
    changes: int


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack(replicas=_REPLICAS)
    people = await _customers(stack, stage.either(60, 8) * _AT_ONCE)
    leaving, staying = people[_STAYING:], people[:_STAYING]
    record = Record()
    deaths = asyncio.create_task(_die(stack, times=stage.either(5, 1)))
    await asyncio.gather(*(_leave_in_turn(stack, leaving[n::_AT_ONCE], record) for n in range(_AT_ONCE)))
    died = await deaths
    settled = await _settled(stack, [person.user_id for person in leaving])
    return [settled, *await _judged(stack, leaving, staying), at_least("killed processes", died, 4), _summary(record)]


async def _customers(stack: Stack, count: int) -> list[Person]:
    people: list[Person] = []
    while len(people) < count:
        people += await asyncio.gather(*(_customer(stack) for _ in range(_AT_ONCE)))
    return people


async def _customer(stack: Stack) -> Person:
    person = await newcomer(stack.url)
    for _ in range(_ORDERS_EACH):
        await person.place(stack.url)
    return person


async def _leave_in_turn(stack: Stack, people: Sequence[Person], record: Record) -> None:
    for person in people:
        await _leave(stack, person, record)
        await asyncio.sleep(_PAUSE_S)  # spreads the deletions over the kills


async def _leave(stack: Stack, person: Person, record: Record) -> None:
    """Deletes the user's account, with retries: the response to the first attempt may be lost."""
    connection = HttpConnection(stack.url)

    async def has_left() -> bool | None:
        seen = await see(record, "leave", connection, lambda c: c.request("DELETE", _ME, token=person.token))
        return True if seen.status in {204, 401, 404} else None

    with suppress(AssertionError):  # an account that cannot be deleted shows up in the findings
        await in_time(has_left, within_s=_SETTLED_WITHIN_S, every_s=0.1)
    connection.close()


_ME = "/api/v1/users/me"


async def _die(stack: Stack, times: int) -> int:
    """Kills all of both sides, then one replica of each, and so on; returns the number of killed processes."""
    died = 0
    for number in range(times):
        await asyncio.sleep(_PAUSE_S)
        replicas = [f"{name}-2" for name in _SERVICES]
        victims = replicas if number % 2 else [*_SERVICES, *replicas]
        for pid in [send(stack, victim, signal.SIGKILL) for victim in victims]:  # all at the same moment
            await asyncio.to_thread(gone, pid)
            died += 1
        await asyncio.to_thread(restart, stack, *(replicas if number % 2 else _SERVICES))
    return died


async def _settled(stack: Stack, users: Sequence[str]) -> Finding:
    """Waits until no event is left to process."""

    async def undecided() -> bool | None:
        return True if await asyncio.to_thread(_count, stack, _UNDECIDED, users) == 0 else None

    try:
        await in_time(undecided, within_s=_SETTLED_WITHIN_S, every_s=0.2)
    except AssertionError:
        return Finding("all events processed", f"within {_SETTLED_WITHIN_S:.0f} s", "it does not", passed=False)
    return Finding("all events processed", f"within {_SETTLED_WITHIN_S:.0f} s", "it does", passed=True)


async def _judged(stack: Stack, leaving: Sequence[Person], staying: Sequence[Person]) -> list[Finding]:
    rows = await asyncio.to_thread(_rows, stack, [person.user_id for person in (*leaving, *staying)])
    left = {person.user_id for person in staying}
    ends = Counter((row.user_id in left, row.status, row.version, row.changes) for row in rows)
    once, untouched = (False, "cancelled", 2, 1), (True, "processing", 1, 0)
    dead = sum([await metric(stack, name, "order_svc_events_dead_letters") for name in ("order-svc", "order-svc-2")])
    return [
        counted("orders of deleted users, cancelled exactly once", ends[once], len(leaving) * _ORDERS_EACH),
        counted("unchanged orders of other users", ends[untouched], len(staying) * _ORDERS_EACH),
        counted("orders that ended in any other way", sum(ends.values()) - ends[once] - ends[untouched]),
        counted("dead letters", int(dead)),
    ]


def _rows(stack: Stack, users: Sequence[str]) -> list[Row]:
    with psycopg.connect(_database_url(stack)) as connection:
        return [Row(*row) for row in connection.execute(_AFTERWARDS, (list(users),)).fetchall()]


def _count(stack: Stack, query: str, users: Sequence[str]) -> int:
    with psycopg.connect(_database_url(stack)) as connection:
        row = connection.execute(query.encode(), {"users": list(users)}).fetchone()
    assert row is not None
    return int(row[0])


def _database_url(stack: Stack) -> str:
    return (stack.data_dir / "secrets" / "order-svc-database-url").read_text()


def _summary(record: Record) -> Finding:
    outcomes = record.by_outcome()
    measured = ", ".join(f"{count} × {outcome}" for outcome, count in outcomes.items())
    return Finding("responses to account deletions", "204 in the end", measured, "204" in outcomes)


DRILL = Drill(
    29,
    "kill -9 of either side of an event, repeatedly, while users delete their accounts",
    "every deleted user's orders in processing are cancelled, each once; no other user's are",
    run,
)
