"""Every process of every service is restarted, one at a time, and no request fails."""

import asyncio
import sys
from collections.abc import Sequence

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, counted
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import ORDER, Person, newcomer
from tests.faults.stage import Stage, pid_of, restart

_REPLICAS = {"gateway": 2, "user-svc": 2, "order-svc": 2}
_PROCESSES = [name + number for name in _REPLICAS for number in ("", "-2")]
_PAUSE_S = 0.02
_GOOD = {"200", "201"}
#: Logins are refused while Redis is slow, which happens on a busy machine.
_LOGINS = "logins"
#: How many errors are printed to standard error, with their times.
_TOLD = 20


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack(replicas=_REPLICAS)
    person = await newcomer(stack.url)
    clients = _clients(person, await person.place(stack.url), await newcomer(stack.url))
    before = {name: pid_of(stack, name) for name in _PROCESSES}
    async with load(stack.url, *clients) as record:
        for _ in range(stage.either(3, 1)):
            await asyncio.to_thread(restart, stack, *_REPLICAS)
    restarted = [name for name in _PROCESSES if pid_of(stack, name) != before[name]]
    return [
        counted("processes restarted", len(restarted), len(_PROCESSES)),
        at_least("requests meanwhile", len(record.seen), 100),
        *(_errors(record, each.kind) for each in clients),
    ]


def _clients(person: Person, order_id: str, another: Person) -> Sequence[Clients]:
    """Returns idempotent requests, requests that are not, and requests on new connections.

    another: the user who logs in repeatedly, which ends their oldest sessions.
    """

    async def create(connection: HttpConnection) -> Answer:
        return await connection.request("POST", "/api/v1/orders", token=person.token, body=ORDER)

    return [
        Clients("reads", person.get(f"/api/v1/orders/{order_id}"), count=2, pause_s=_PAUSE_S),
        Clients("creations with a key", person.order(), pause_s=_PAUSE_S),
        Clients("creations without one", create, pause_s=_PAUSE_S),
        Clients("reads of a user", person.get("/api/v1/users/me"), pause_s=_PAUSE_S),
        Clients(_LOGINS, another.log_in(), pause_s=_PAUSE_S),
        Clients("new connections", person.get("/api/v1/orders?page_size=1"), pause_s=_PAUSE_S, fresh=True),
    ]


def _errors(record: Record, kind: str) -> Finding:
    bad = [seen for seen in record.of(kind).seen if str(seen.status) not in _GOOD]
    for seen in bad[:_TOLD]:
        print(f"{kind} at {seen.started_s:.3f} s for {seen.took_s:.3f} s: {seen.status} {seen.code}", file=sys.stderr)
    outcomes = {outcome: count for outcome, count in record.of(kind).by_outcome().items() if outcome not in _GOOD}
    return Finding(f"errors of {kind}", "none", summary(outcomes), not bad, clock=kind == _LOGINS)


DRILL = Drill(9, "every process is restarted, two of each, under load", "no request fails", run)
