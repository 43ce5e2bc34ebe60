"""Redis dies and comes back: everything that needs it finds it again, and sessions are still there."""

import asyncio
from collections.abc import Callable

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most, counted
from tests.faults.http_client import Answer, HttpConnection
from tests.faults.load import Ask, Clients, Record, Seen, load, see
from tests.faults.people import Person, newcomer
from tests.faults.quotas import quota_told
from tests.faults.stage import Stage, accepts_at, kill, restart
from tests.running.polling import in_time
from tests.running.stacks import Stack

_BACK_WITHIN_S = 20.0
_BACK_SOON_S = 2.0
_SESSIONS = 10


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(3.0, 0.5)))


async def _run(stack: Stack, away_s: float) -> list[Finding]:
    # Not the same one: whoever logs in often loses the first sessions.
    person, visitor = await newcomer(stack.url), await newcomer(stack.url)
    cookies = [await _session(stack, person) for _ in range(_SESSIONS)]
    clients = (
        Clients("orders", person.get("/api/v1/orders"), count=2, pause_s=0.01),
        Clients("login", visitor.log_in(), pause_s=0.02),
        Clients("sessions", person.get("/api/v1/sessions"), pause_s=0.02),
    )
    async with load(stack.url, *clients) as record:
        await _first(record, "orders", _is_shared)
        kill(stack, "redis")
        await _first(record, "orders", lambda seen: not _is_shared(seen))
        await asyncio.sleep(away_s)
        up_s = await _restart(stack)
        back_s = {
            "the quota is shared": await _first(record, "orders", _is_shared, up_s),
            "logins": await _first(record, "login", _is_success, up_s),
            "calls that ask for the session": await _first(record, "sessions", _is_success, up_s),
        }
    return [
        counted("answers 500, or none at all", sum(seen.status in {0, 500} for seen in record.seen)),
        *(at_most(f"{what} again after", s - up_s, _BACK_SOON_S, " s", clock=True) for what, s in back_s.items()),
        counted(f"sessions that are still there, of {_SESSIONS}", await _renewed(stack, cookies), _SESSIONS),
    ]


async def _restart(stack: Stack) -> float:
    """Start it again; when it has taken a connection, on the clock of time.monotonic(), in seconds."""
    restarting = asyncio.create_task(asyncio.to_thread(restart, stack, "redis"))
    up_s = await accepts_at(stack, "redis", within_s=_BACK_WITHIN_S)
    await restarting
    return up_s


async def _first(record: Record, kind: str, wanted: Callable[[Seen], bool], since_s: float = 0.0) -> float:
    """When the first such request that began since then has ended; waits for it."""

    async def ended() -> float | None:
        fit = (seen for seen in record.of(kind, since_s=since_s).seen if wanted(seen))
        return next((seen.started_s + seen.took_s for seen in fit), None)

    return await in_time(ended, within_s=_BACK_WITHIN_S)


def _is_shared(seen: Seen) -> bool:
    quota = quota_told(seen.answer)
    return quota is not None and quota.policy == "default"


def _is_success(seen: Seen) -> bool:
    return seen.status == 200


async def _session(stack: Stack, person: Person) -> str:
    """The cookie of a session of its own."""
    connection = HttpConnection(stack.url)
    answer = await person.log_in()(connection)
    connection.close()
    return answer.headers["set-cookie"].partition(";")[0]


async def _renewed(stack: Stack, cookies: list[str]) -> int:
    """How many of the sessions are good for an access token."""
    record, connection = Record(), HttpConnection(stack.url)
    for cookie in cookies:
        await see(record, "renewal", connection, _with_cookie(cookie))
    connection.close()
    return sum(seen.answer is not None and "x-access-token" in seen.answer.headers for seen in record.seen)


def _with_cookie(cookie: str) -> Ask:
    async def ask(connection: HttpConnection) -> Answer:
        return await connection.request("GET", "/api/v1/users/me", headers={"Cookie": cookie})

    return ask


DRILL = Drill(12, "Redis restarts", "all find it again; no 500; sessions survive", run)
