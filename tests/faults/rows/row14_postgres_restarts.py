"""PostgreSQL is killed and restarted: requests get 503 meanwhile, and the services recover without a restart."""

import asyncio
import time

from tests.faults.drill import Drill
from tests.faults.finding import Finding, always, at_most, counted
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import newcomer
from tests.faults.stage import Stage, accepts_at, kill, pid_of, restart
from tests.running.polling import in_time
from tests.running.stacks import Stack

_SERVICES = ("gateway", "user-svc", "order-svc")
_BACK_SOON_S = 5.0
_BACK_WITHIN_S = 30.0
#: The longest deadline of these requests, and the time that a response may take beyond it.
_DEADLINE_S, _BEYOND_S = 5.0, 0.1


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(10.0, 1.0)))


async def _run(stack: Stack, away_s: float) -> list[Finding]:
    # Another user: frequent logins end the oldest sessions.
    person, visitor = await newcomer(stack.url), await newcomer(stack.url)
    clients = (
        Clients("orders", person.get("/api/v1/orders"), count=2, pause_s=0.02),
        Clients("new orders", person.order(), pause_s=0.02),
        Clients("logins", visitor.log_in(), pause_s=0.1),
    )
    pids = [pid_of(stack, name) for name in _SERVICES]
    async with load(stack.url, *clients) as record:
        await asyncio.to_thread(kill, stack, "postgres")
        down_s = time.monotonic()
        await asyncio.sleep(away_s)
        restarting = asyncio.create_task(asyncio.to_thread(restart, stack, "postgres"))
        up_s = await accepts_at(stack, "postgres", within_s=_BACK_WITHIN_S)
        back_s = {each.kind: await _first_success(record, each.kind, up_s) - up_s for each in clients}
        await restarting
    # Only requests that ended during the outage: a retry after it may succeed.
    away = [seen for seen in record.of(since_s=down_s).seen if seen.started_s + seen.took_s < up_s]
    during = Record(away).by_outcome()
    return [
        Finding(
            "responses meanwhile", "503", summary(during), bool(during) and all(o.startswith("503") for o in during)
        ),
        counted("responses 500, or none at all", sum(seen.status in {0, 500} for seen in record.seen)),
        at_most("the longest response", record.longest_s(), _DEADLINE_S + _BEYOND_S, " s", clock=True),
        *(at_most(f"{kind} recover after", took_s, _BACK_SOON_S, " s", clock=True) for kind, took_s in back_s.items()),
        always(
            "processes after recovery",
            "the same",
            ["the same" if [pid_of(stack, n) for n in _SERVICES] == pids else "others"],
        ),
    ]


async def _first_success(record: Record, kind: str, since_s: float) -> float:
    """Returns when the first request of this kind that began after that time succeeded."""

    async def succeeded() -> float | None:
        done = (seen for seen in record.of(kind, since_s=since_s).seen if seen.status in {200, 201})
        return next((seen.started_s + seen.took_s for seen in done), None)

    return await in_time(succeeded, within_s=_BACK_WITHIN_S)


DRILL = Drill(14, "PostgreSQL restarts", "503, then recovered within 5 s", run)
