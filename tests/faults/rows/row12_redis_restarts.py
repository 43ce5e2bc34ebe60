"""Redis is killed and restarted: every client of it reconnects, and sessions survive."""

import asyncio

from tests.faults.cookies import renew, renewed, session_cookie
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most, counted
from tests.faults.first_seen import first_seen, is_shared, is_success
from tests.faults.load import Clients, load
from tests.faults.people import newcomer
from tests.faults.stage import Stage, accepts_at, kill, restart
from tests.running.stacks import Stack

_BACK_WITHIN_S = 20.0
_BACK_SOON_S = 2.0
_SESSIONS = 10


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(3.0, 0.5)))


async def _run(stack: Stack, away_s: float) -> list[Finding]:
    # Another user: frequent logins end the oldest sessions.
    person, visitor = await newcomer(stack.url), await newcomer(stack.url)
    cookies = [await session_cookie(stack.url, person) for _ in range(_SESSIONS)]
    clients = (
        Clients("orders", person.get("/api/v1/orders"), count=2, pause_s=0.01),
        Clients("login", visitor.log_in(), pause_s=0.02),
        Clients("sessions", person.get("/api/v1/sessions"), pause_s=0.02),
    )
    async with load(stack.url, *clients) as record:
        await first_seen(record, "orders", is_shared)
        kill(stack, "redis")
        await first_seen(record, "orders", lambda seen: not is_shared(seen))
        await asyncio.sleep(away_s)
        up_s = await _restart(stack)
        back_s = {
            "the quota is shared": await first_seen(record, "orders", is_shared, up_s),
            "logins": await first_seen(record, "login", is_success, up_s),
            "calls that ask for the session": await first_seen(record, "sessions", is_success, up_s),
        }
    return [
        counted("responses 500, or none at all", sum(seen.status in {0, 500} for seen in record.seen)),
        *(at_most(f"{what} recover after", s - up_s, _BACK_SOON_S, " s", clock=True) for what, s in back_s.items()),
        counted(f"surviving sessions, of {_SESSIONS}", renewed(await renew(stack.url, cookies)), _SESSIONS),
    ]


async def _restart(stack: Stack) -> float:
    """Restarts it, and returns when it accepts a connection, in seconds of time.monotonic()."""
    restarting = asyncio.create_task(asyncio.to_thread(restart, stack, "redis"))
    up_s = await accepts_at(stack, "redis", within_s=_BACK_WITHIN_S)
    await restarting
    return up_s


DRILL = Drill(12, "Redis restarts", "reconnected within 2 s; sessions survive", run)
