"""A table is locked, then PostgreSQL is stopped: every request is answered in time, and so are probes."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from tests.faults.drill import Drill
from tests.faults.extra_process import probe
from tests.faults.finding import Finding, always, at_most, counted
from tests.faults.load import Clients, Record, load, summary
from tests.faults.order_store import a_statement_waits, connected
from tests.faults.people import newcomer
from tests.faults.stage import Stage, pid_of
from tests.running.polling import in_time
from tests.running.stacks import Stack

_SERVICES = ("user-svc", "order-svc")
#: Enough clients to take every connection of order-svc, and more that wait for one.
_CLIENTS = 25
_DEADLINE_S, _BEYOND_S = 2.0, 0.1
_PROBE_WITHIN_S = 1.5
_BACK_SOON_S = 5.0
_BACK_WITHIN_S = 30.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(8.0, 2.5)))


async def _run(stack: Stack, seconds: float) -> list[Finding]:
    person = await newcomer(stack.url)
    order_id = await person.place(stack.url)
    clients = (
        Clients("orders", person.get(f"/api/v1/orders/{order_id}"), count=_CLIENTS, pause_s=0.05),
        Clients("users", person.get("/api/v1/users/me"), pause_s=0.05),
    )
    async with load(stack.url, *clients) as record:
        async with _locked(stack):
            locked_s = time.monotonic()
            await in_time(lambda: a_statement_waits(stack), within_s=5)
            probes_of_locked = await _probes(stack, seconds)
        unlocked_s = time.monotonic()
        back_from_lock_s = await _first_success(record, unlocked_s) - unlocked_s
        async with _stopped(stack):
            stopped_s = time.monotonic()
            probes_of_stopped = await _probes(stack, seconds)
        going_s = time.monotonic()
        back_from_stop_s = await _first_success(record, going_s) - going_s
    locked = _within(record.of("orders"), locked_s, unlocked_s)
    stopped = _within(record, stopped_s, going_s)
    users = record.of("users", since_s=locked_s, until_s=unlocked_s).by_outcome()
    return [
        _refused("orders while their table is locked", locked),
        Finding("users meanwhile", "200", summary(users), users.keys() == {"200"}),
        *_answered("while it is locked", probes_of_locked, ready=True),
        at_most("orders recover after", back_from_lock_s, _BACK_SOON_S, " s", clock=True),
        _refused("all while PostgreSQL is stopped", stopped),
        *_answered("while it is stopped", probes_of_stopped, ready=False),
        at_most("orders recover after the stop, within", back_from_stop_s, _BACK_SOON_S, " s", clock=True),
        counted("responses 500, or none at all", sum(seen.status in {0, 500} for seen in record.seen)),
        at_most("the longest response", record.of("orders").longest_s(), _DEADLINE_S + _BEYOND_S, " s", clock=True),
    ]


@dataclass(frozen=True, slots=True)
class _Probe:
    """The result of one probe."""

    path: str
    status: int
    took_s: float


async def _probes(stack: Stack, seconds: float) -> list[_Probe]:
    """Probes every service repeatedly for this time."""
    until_s, probes = time.monotonic() + seconds, []
    while time.monotonic() < until_s:
        for name in _SERVICES:
            for path in ("/livez", "/readyz"):
                began_s = time.monotonic()
                status = await probe(stack.admin_url(name), path)
                probes.append(_Probe(path, status, time.monotonic() - began_s))
        await asyncio.sleep(0.1)
    return probes


def _answered(when: str, probes: Sequence[_Probe], *, ready: bool) -> list[Finding]:
    longest_s = max(each.took_s for each in probes)
    return [
        always(f"/livez {when}", "200", [str(each.status) for each in probes if each.path == "/livez"]),
        always(f"/readyz {when}", "200" if ready else "503", [str(p.status) for p in probes if p.path == "/readyz"]),
        at_most(f"the longest probe {when}", longest_s, _PROBE_WITHIN_S, " s", clock=True),
    ]


def _within(record: Record, since_s: float, until_s: float) -> Record:
    """Returns the requests that began and ended within the time."""
    return Record(
        [seen for seen in record.seen if since_s <= seen.started_s and seen.started_s + seen.took_s < until_s]
    )


def _refused(what: str, record: Record) -> Finding:
    outcomes = record.by_outcome()
    passed = bool(outcomes) and all(outcome.startswith(("503", "504")) for outcome in outcomes)
    return Finding(what, "503, 504", summary(outcomes), passed)


async def _first_success(record: Record, since_s: float) -> float:
    """Returns when the first request for orders that began after that time succeeded."""

    async def succeeded() -> float | None:
        done = (seen for seen in record.of("orders", since_s=since_s).seen if seen.status == 200)
        return next((seen.started_s + seen.took_s for seen in done), None)

    return await in_time(succeeded, within_s=_BACK_WITHIN_S)


@asynccontextmanager
async def _locked(stack: Stack) -> AsyncIterator[None]:
    async with connected(stack) as connection:
        await connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def _stopped(stack: Stack) -> AsyncIterator[None]:
    """Stops the server and all its backends (SIGSTOP) within the context."""
    server = psutil.Process(pid_of(stack, "postgres"))
    backends = server.children()
    for process in (server, *backends):
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in (*backends, server):
            process.send_signal(signal.SIGCONT)


DRILL = Drill(
    15,
    "PostgreSQL is locked or slow",
    "statements and waits for a connection time out; probes still answer",
    run,
)
