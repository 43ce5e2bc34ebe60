"""Load on a gateway, and the outcomes that its clients saw."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.http_client import Answer, HttpConnection

#: The timeout of every client: longer than the longest deadline of the contract.
_CLIENT_TIMEOUT_S = 15.0
#: Stops the load if a drill fails to.
_MOST_REQUESTS = 2_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as its client saw it.

    kind: the row's name for the request. started_s, took_s: seconds of time.monotonic(). status: of HTTP; 0 without a
    response. code: of the problem document, or the error of the connection; else "". answer: None without a response.
    """

    kind: str
    started_s: float
    took_s: float
    status: int
    code: str
    answer: Answer | None = None

    @property
    def failed(self) -> bool:
        """Whether there was no response, or a status of 500 or above."""
        return self.status == 0 or self.status >= 500


@dataclass(slots=True)
class Record:
    """All requests of the clients, in the order in which they ended."""

    seen: list[Seen] = field(default_factory=list)

    def of(self, *kinds: str, since_s: float = 0.0, until_s: float = float("inf")) -> "Record":
        """Returns the requests of these kinds (default: all) that began within the time."""
        chosen = (s for s in self.seen if (not kinds or s.kind in kinds) and since_s <= s.started_s < until_s)
        return Record(list(chosen))

    @property
    def failures(self) -> list[Seen]:
        return [s for s in self.seen if s.failed]

    def longest_s(self) -> float:
        return max((s.took_s for s in self.seen), default=0.0)

    def percentile_s(self, part: float) -> float:
        """Returns the time within which ``part`` (0 to 1) of the requests were answered; 0 without requests."""
        times = sorted(s.took_s for s in self.seen)
        return times[min(len(times) - 1, int(len(times) * part))] if times else 0.0

    def by_outcome(self) -> dict[str, int]:
        """Returns the number of requests per outcome: "200", "503 UPSTREAM_UNAVAILABLE", "0 ConnectionResetError"."""
        counts: dict[str, int] = {}
        for s in self.seen:
            outcome = f"{s.status} {s.code}".strip()
            counts[outcome] = counts.get(outcome, 0) + 1
        return dict(sorted(counts.items()))


def summary(outcomes: Mapping[str, int]) -> str:
    """Returns the outcomes as text."""
    return ", ".join(f"{count}× {outcome}" for outcome, count in outcomes.items()) or "none"


#: Sends one request on a connection.
Ask = Callable[[HttpConnection], Awaitable[Answer]]


async def see(record: Record, kind: str, connection: HttpConnection, ask: Ask) -> Seen:
    """Sends one request, and records its outcome."""
    started_s, status, code, answer = time.monotonic(), 0, "", None
    try:
        async with asyncio.timeout(_CLIENT_TIMEOUT_S):
            answer = await ask(connection)
        status = answer.status
        if status >= 400:
            code = str(answer.json()["code"])
    except (OSError, EOFError, ValueError, LookupError, TypeError) as exc:
        code = type(exc).__name__
    seen = Seen(kind, started_s, time.monotonic() - started_s, status, code, answer)
    record.seen.append(seen)
    return seen


@dataclass(frozen=True, slots=True)
class Clients:
    """``count`` clients that send the same request in a loop, each on its own connection.

    pause_s: between a response and the next request. fresh: use a new connection for every request. obedient: wait for
    1 to 1.5 times Retry-After after a refusal. over_s: start the clients one by one within this time. network: a number
    to 255, with which each client has an IP address of its own in 127.1.NETWORK.0/24; None: all have the same one.
    """

    kind: str
    ask: Ask
    count: int = 1
    pause_s: float = 0.0
    fresh: bool = False
    obedient: bool = False
    over_s: float = 0.0
    network: int | None = None


@asynccontextmanager
async def load(url: str, *clients: Clients) -> AsyncIterator[Record]:
    """Runs the clients within the context; at its end, all have received their last response."""
    record, stopping = Record(), asyncio.Event()
    workers = [
        asyncio.create_task(_keep_asking(url, some, record, stopping, number))
        for some in clients
        for number in range(some.count)
    ]
    try:
        yield record
    finally:
        stopping.set()
        await asyncio.gather(*workers)


async def _keep_asking(url: str, clients: Clients, record: Record, stopping: asyncio.Event, number: int) -> None:
    source = None if clients.network is None else f"127.1.{clients.network}.{number % 250 + 1}"
    connection = HttpConnection(url, source=source)
    try:
        if begin_s := clients.over_s * number / clients.count:
            await _pause(begin_s, stopping)
        while not stopping.is_set() and len(record.seen) < _MOST_REQUESTS:
            seen = await see(record, clients.kind, connection, clients.ask)
            if clients.fresh:
                connection.close()
            # A client without a connection pauses: reconnecting in a loop would only load this process.
            pause_s = max(clients.pause_s, 0.01 if seen.status == 0 else 0.0)
            if clients.obedient and seen.answer is not None:
                retry_after_s = float(seen.answer.headers.get("retry-after", "0"))
                pause_s = max(pause_s, retry_after_s * random.uniform(1, 1.5))  # noqa: S311
            if pause_s:
                await _pause(pause_s, stopping)
    finally:
        connection.close()


async def _pause(seconds: float, stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


async def together(url: str, kind: str, asks: Iterable[Ask], record: Record | None = None) -> Record:
    """Sends all of these requests at the same moment, each on its own open connection.

    Args:
        url: of the gateway.
        kind: the name of these requests in the record.
        asks: the requests.
        record: receives the outcomes; None for a new one.
    """
    record, wanted = Record() if record is None else record, list(asks)
    connections = [HttpConnection(url) for _ in wanted]
    try:
        await asyncio.gather(*(connection.request("GET", "/openapi.json") for connection in connections))
        pairs = zip(connections, wanted, strict=True)
        await asyncio.gather(*(see(record, kind, connection, ask) for connection, ask in pairs))
    finally:
        for connection in connections:
            connection.close()
    return record
