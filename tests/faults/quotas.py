"""Four gateways with a small quota, and ways to spend it."""

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
#: The time until one more request is admitted.
INTERVAL_S = WINDOW_S / QUOTA
_ATTEMPTS = 200
_BACK_WITHIN_S = 20.0


def four_gateways(stage: Stage) -> Stack:
    """Returns four gateways behind one port, with a quota of 100 requests in 10 minutes."""
    return stage.stack({"GATEWAY_RATE_LIMIT_DEFAULT": f"{QUOTA}/{WINDOW_S}s"}, {"gateway": GATEWAYS})


@asynccontextmanager
async def connections(stack: Stack) -> AsyncIterator[list[HttpConnection]]:
    """Returns an open connection to each of the gateways."""
    pids = {int(process["pid"]) for name, process in stack.services.items() if name.startswith("gateway")}
    found: dict[int, HttpConnection] = {}
    opened: list[HttpConnection] = []
    try:
        for _ in range(_ATTEMPTS):
            connection = HttpConnection(stack.url)
            opened.append(connection)
            # A response proves that the connection was accepted. This one costs no quota: another row spends that of
            # the network, on the same gateways.
            await connection.request("GET", "/nowhere")
            found.setdefault(gateway_behind(connection.local_port, pids), connection)
            if found.keys() == pids:
                break
        assert found.keys() == pids, "the connections do not reach every gateway"
        yield list(found.values())
    finally:
        for connection in opened:
            connection.close()


async def ask_in_turn(record: Record, kind: str, connections: list[HttpConnection], ask: Ask, times: int) -> None:
    """Sends this many requests, to each gateway in turn."""
    for number in range(times):
        await see(record, kind, connections[number % len(connections)], ask)


@dataclass(frozen=True, slots=True)
class ReportedQuota:
    """The quota in the headers of a response: the policy, its limit, and what remains."""

    policy: str
    quota: int
    remaining: int


def quota_of(answer: Answer | None) -> ReportedQuota | None:
    """Returns the quota in the headers of a response; None without one."""
    if answer is None or "ratelimit" not in answer.headers:
        return None
    name, quota, *_ = answer.headers["ratelimit-policy"].split(";")
    _, remaining, *_ = answer.headers["ratelimit"].split(";")
    return ReportedQuota(name.strip('"'), int(quota.removeprefix("q=")), int(remaining.removeprefix("r=")))


async def shared_again(connection: HttpConnection, person: Person) -> bool:
    """Sends requests until the quota is shared; AssertionError if that does not happen."""

    async def shared() -> bool | None:
        quota = quota_of((await see(Record(), "back", connection, person.get("/api/v1/orders"))).answer)
        return True if quota is not None and quota.policy == "default" else None

    return await in_time(shared, within_s=_BACK_WITHIN_S)
