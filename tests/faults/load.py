"""Load on a gateway, and what its clients saw of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.http_client import Answer, HttpConnection

#: No client waits longer, whatever happens: the longest deadline of the contract, and the patience of a person.
_CLIENT_TIMEOUT_S = 15.0
#: Nothing that a drill starts can go on by accident.
_MOST_REQUESTS = 2_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as its client saw it.

    kind: what was asked, in the row's words. started_s, took_s: on the clock of time.monotonic(). status: of HTTP;
    0 where no answer came. code: of the problem document; else "", or what happened to the connection. answer: None
    without one.
    """

    kind: str
    started_s: float
    took_s: float
    status: int
    code: str
    answer: Answer | None = None

    @property
    def failed(self) -> bool:
        """No answer, or one that is our fault."""
        return self.status == 0 or self.status >= 500


@dataclass(slots=True)
class Record:
    """Everything that clients saw, in the order in which it ended."""

    seen: list[Seen] = field(default_factory=list)

    def of(self, *kinds: str, since_s: float = 0.0, until_s: float = float("inf")) -> "Record":
        """Only those of these kinds (all, if none is named) that began within the time."""
        chosen = (s for s in self.seen if (not kinds or s.kind in kinds) and since_s <= s.started_s < until_s)
        return Record(list(chosen))

    @property
    def failures(self) -> list[Seen]:
        return [s for s in self.seen if s.failed]

    def longest_s(self) -> float:
        return max((s.took_s for s in self.seen), default=0.0)

    def percentile_s(self, part: float) -> float:
        """The time within which ``part`` (0 to 1) of the requests were answered; 0 for none at all."""
        times = sorted(s.took_s for s in self.seen)
        return times[min(len(times) - 1, int(len(times) * part))] if times else 0.0

    def by_outcome(self) -> dict[str, int]:
        """How many ended how: "200", "503 UPSTREAM_UNAVAILABLE", "0 ConnectionResetError"."""
        counts: dict[str, int] = {}
        for s in self.seen:
            outcome = f"{s.status} {s.code}".strip()
            counts[outcome] = counts.get(outcome, 0) + 1
        return dict(sorted(counts.items()))


def told(outcomes: Mapping[str, int]) -> str:
    """Outcomes in words."""
    return ", ".join(f"{count}× {outcome}" for outcome, count in outcomes.items()) or "none"


#: Sends one request on the connection.
Ask = Callable[[HttpConnection], Awaitable[Answer]]


async def see(record: Record, kind: str, connection: HttpConnection, ask: Ask) -> Seen:
    """Ask once, and put down what came of it."""
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
    """``count`` clients that ask one thing over and over, each on a connection of its own.

    pause_s: between an answer and the next request. fresh: a new connection for every request. obedient: after a
    refusal with Retry-After, they wait for so long, and up to half as long again. over_s: they begin one after the
    other within so many seconds.
    """

    kind: str
    ask: Ask
    count: int = 1
    pause_s: float = 0.0
    fresh: bool = False
    obedient: bool = False
    over_s: float = 0.0


@asynccontextmanager
async def load(url: str, *clients: Clients) -> AsyncIterator[Record]:
    """Have the clients ask for as long as the context lasts. All of them have their last answer when it is left."""
    record, stopping = Record(), asyncio.Event()
    workers = [
        asyncio.create_task(_keep_asking(url, some, record, stopping, some.over_s * number / some.count))
        for some in clients
        for number in range(some.count)
    ]
    try:
        yield record
    finally:
        stopping.set()
        await asyncio.gather(*workers)


async def _keep_asking(url: str, clients: Clients, record: Record, stopping: asyncio.Event, begin_s: float) -> None:
    connection = HttpConnection(url)
    try:
        if begin_s:
            await _pause(begin_s, stopping)
        while not stopping.is_set() and len(record.seen) < _MOST_REQUESTS:
            seen = await see(record, clients.kind, connection, clients.ask)
            if clients.fresh:
                connection.close()
            # Who gets no connection does not hammer on the door: no load is told from that.
            pause_s = max(clients.pause_s, 0.01 if seen.status == 0 else 0.0)
            if clients.obedient and seen.answer is not None:
                told_s = float(seen.answer.headers.get("retry-after", "0"))
                pause_s = max(pause_s, told_s * random.uniform(1, 1.5))  # noqa: S311
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
    """Ask all of these at the same moment, each on a connection of its own that is open already.

    record: where to put down what comes of it, for who wants to look on; else a new one.
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
