"""Four gateways with a quota that is soon spent, and how to spend it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.e2e.gateways import gateway_behind
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask, Record, see
from tests.faults.people import Person
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack

GATEWAYS = 4
QUOTA = 100
WINDOW_S = 600
#: Until one more is admitted.
INTERVAL_S = WINDOW_S / QUOTA
_ATTEMPTS = 200
_BACK_WITHIN_S = 20.0


def four_gateways(stage: Stage) -> Stack:
    """Behind one port, with a quota of 100 in 10 minutes."""
    return stage.stack({"GATEWAY_RATE_LIMIT_DEFAULT": f"{QUOTA}/{WINDOW_S}s"}, {"gateway": GATEWAYS})


@asynccontextmanager
async def connections(stack: Stack) -> AsyncIterator[list[HttpConnection]]:
    """A connection to each of the gateways, open already."""
    pids = {int(process["pid"]) for name, process in stack.services.items() if name.startswith("gateway")}
    found: dict[int, HttpConnection] = {}
    opened: list[HttpConnection] = []
    try:
        for _ in range(_ATTEMPTS):
            connection = HttpConnection(stack.url)
            opened.append(connection)
            # An answer proves that it was accepted, and a page costs no quota.
            await connection.request("GET", "/openapi.json")
            found.setdefault(gateway_behind(connection.local_port, pids), connection)
            if found.keys() == pids:
                break
        assert found.keys() == pids, "the connections do not reach every gateway"
        yield list(found.values())
    finally:
        for connection in opened:
            connection.close()


async def ask_in_turn(record: Record, kind: str, connections: list[HttpConnection], ask: Ask, times: int) -> None:
    """Ask so often, of each gateway in turn."""
    for number in range(times):
        await see(record, kind, connections[number % len(connections)], ask)


@dataclass(frozen=True, slots=True)
class QuotaTold:
    """What an answer's headers say: the policy's name, its quota, and how many are left of it."""

    policy: str
    quota: int
    remaining: int


def quota_told(answer: Answer | None) -> QuotaTold | None:
    """None where they say nothing."""
    if answer is None or "ratelimit" not in answer.headers:
        return None
    name, quota, *_ = answer.headers["ratelimit-policy"].split(";")
    _, remaining, *_ = answer.headers["ratelimit"].split(";")
    return QuotaTold(name.strip('"'), int(quota.removeprefix("q=")), int(remaining.removeprefix("r=")))


async def shared_again(connection: HttpConnection, person: Person) -> bool:
    """Ask until the quota is shared; True, or AssertionError."""

    async def shared() -> bool | None:
        told = quota_told((await see(Record(), "back", connection, person.get("/api/v1/orders"))).answer)
        return True if told is not None and told.policy == "default" else None

    return await in_time(shared, within_s=_BACK_WITHIN_S)
