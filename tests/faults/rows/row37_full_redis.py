"""Redis has reached its maxmemory and refuses writes: handled like an unavailable Redis, without a 500."""

import asyncio
import time
from dataclasses import dataclass

from tests.faults.cookies import renew, renewed, session_cookie
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.first_seen import first_seen, is_shared, is_success
from tests.faults.full_redis import full_redis
from tests.faults.http_client import HttpConnection
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import Person, newcomer
from tests.faults.quotas import quota_of
from tests.faults.readiness import readiness_report
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack

_SESSIONS = 5
_BACK_SOON_S = 2.0
#: Ended sessions are recorded in PostgreSQL; processes without announcements read that record every 10 s.
_ENDED_WITHIN_S = 20.0
#: Once user-svc is known not to be ready, the gateway answers without calling it.
_LOG_OUTS = {"204 401", "503"}
#: Processes whose readiness names the reason. order-svc only reads from Redis, which still works.
_NAMING = ("gateway", "user-svc")
#: The outcome of a renewal: from user-svc, or from the gateway once user-svc is not ready.
_NO_RENEWAL = {"503 UPSTREAM_UNAVAILABLE", "503 DEPENDENCY_UNAVAILABLE"}


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(6.0, 1.0)))


@dataclass(frozen=True, slots=True)
class _Full:
    """Observations while Redis was full: its period (time.monotonic(), s), renewals, readiness by process.

    logged_out: the outcome of a logout, and that of the next request with its access token.
    """

    since_s: float
    until_s: float
    renewals: Record
    readiness: dict[str, str]
    logged_out: str


async def _run(stack: Stack, full_for_s: float) -> list[Finding]:
    # Another user: frequent logins end the oldest sessions.
    person, visitor = await newcomer(stack.url), await newcomer(stack.url)
    cookies = [await session_cookie(stack.url, person) for _ in range(_SESSIONS)]
    clients = (
        Clients("orders", person.get("/api/v1/orders"), pause_s=0.02),
        Clients("new orders", person.order(), pause_s=0.05),
        Clients("login", visitor.log_in(), pause_s=0.05),
        Clients("sessions", person.get("/api/v1/sessions"), pause_s=0.05),
    )
    async with load(stack.url, *clients) as record:
        full = await _fill(stack, record, cookies, full_for_s)
        back_s = {
            "the quota is shared": await first_seen(record, "orders", is_shared, full.until_s),
            "logins": await first_seen(record, "login", is_success, full.until_s),
            "calls that ask for the session": await first_seen(record, "sessions", is_success, full.until_s),
        }
    survived = renewed(await renew(stack.url, cookies))
    during = record.of(since_s=full.since_s, until_s=full.until_s)
    return [
        counted("responses 500, or none at all", sum(seen.status in {0, 500} for seen in record.seen)),
        *_orders(during),
        *_logins(during),
        _renewals(full.renewals),
        Finding("logout, then its token", "204 401, or 503", full.logged_out, full.logged_out in _LOG_OUTS),
        *(_names_the_reason(name, report) for name, report in full.readiness.items()),
        *(at_most(f"{w} recover after", s - full.until_s, _BACK_SOON_S, " s", clock=True) for w, s in back_s.items()),
        counted(f"surviving sessions, of {_SESSIONS}", survived, _SESSIONS),
    ]


async def _fill(stack: Stack, record: Record, cookies: list[str], full_for_s: float) -> _Full:
    """Fills Redis, records what happens, and frees memory after this many seconds."""
    leaver = await newcomer(stack.url)
    await first_seen(record, "orders", is_shared)
    async with full_redis(stack):
        await first_seen(record, "orders", lambda seen: not is_shared(seen))
        since_s = time.monotonic()
        renewals = await renew(stack.url, cookies)
        readiness = {name: await asyncio.to_thread(readiness_report, stack, name) for name in _NAMING}
        logged_out = await _log_out(stack, leaver)
        await asyncio.sleep(full_for_s)
        until_s = time.monotonic()
    return _Full(since_s, until_s, renewals, readiness, logged_out)


async def _log_out(stack: Stack, person: Person) -> str:
    """Returns the outcome of a logout, and if it succeeded, that of later requests with its access token."""
    connection = HttpConnection(stack.url)
    status = (await connection.request("DELETE", "/api/v1/sessions/current", token=person.token)).status

    async def refused() -> int | None:
        status = (await person.get("/api/v1/orders")(connection)).status
        return None if status == 200 else status

    then = await in_time(refused, within_s=_ENDED_WITHIN_S) if status == 204 else ""
    connection.close()
    return f"{status} {then}".strip()


def _orders(during: Record) -> list[Finding]:
    orders = during.of("orders", "new orders")
    outcomes = orders.by_outcome()
    policies = {quota.policy for seen in orders.seen if (quota := quota_of(seen.answer)) is not None}
    return [
        at_least("orders while it is full", len(orders.seen), 1),
        Finding("their outcomes", "200 and 201", summary(outcomes), outcomes.keys() == {"200", "201"}),
        Finding("quota during the fault", "default-local", " ".join(sorted(policies)), policies == {"default-local"}),
    ]


def _logins(during: Record) -> list[Finding]:
    logins = during.of("login")
    outcomes = logins.by_outcome()
    come_back = sum(seen.answer is not None and "retry-after" in seen.answer.headers for seen in logins.seen)
    return [
        Finding("logins", "503", summary(outcomes), outcomes.keys() == {"503 RATE_LIMIT_UNAVAILABLE"}),
        counted("with Retry-After", come_back, len(logins.seen)),
    ]


def _renewals(refused: Record) -> Finding:
    outcomes = refused.by_outcome()
    come_back = all(seen.answer is not None and "retry-after" in seen.answer.headers for seen in refused.seen)
    return Finding("renewals", "503 with Retry-After", summary(outcomes), come_back and outcomes.keys() <= _NO_RENEWAL)


def _names_the_reason(name: str, report: str) -> Finding:
    named = "refusing: OOM" in report
    return Finding(f"readiness of {name}", "refusing: OOM", "refusing: OOM" if named else report, named)


DRILL = Drill(
    37,
    "Redis is full (maxmemory)",
    "orders under a local share of the quota; logins and renewals 503 with Retry-After; "
    "readiness names the cause; all recovers within 2 s",
    run,
)
