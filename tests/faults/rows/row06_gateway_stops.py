"""A gateway receives SIGTERM under load: beside another one no request fails; alone, it finishes its requests."""

import asyncio
import contextlib
import json
import signal
import time
from dataclasses import dataclass

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.http2_load import Http2Load, http2_load
from tests.faults.load import Clients, Record, load
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.people import ORDER, Person, newcomer
from tests.faults.stage import Stage
from tests.running.polling import eventually
from tests.running.stacks import Stack

_DRAIN_S = 5.0
_HTTP2_CLIENTS = 4
_REFUSED = "ConnectionRefusedError"


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(3.0, 0.5)))


async def _run(stack: Stack, each_s: float) -> list[Finding]:
    person = await newcomer(stack.url)
    with contextlib.ExitStack() as gateways:
        leaving = await asyncio.to_thread(gateways.enter_context, own_gateway(stack, DRAIN_S=str(_DRAIN_S)))
        another = own_gateway(stack, leaving.port, DRAIN_S=str(_DRAIN_S))
        staying = await asyncio.to_thread(gateways.enter_context, another)
        async with (
            load(leaving.url, *_clients(person)) as http1,
            http2_load(leaving.port, b"/api/orders", person.token, clients=_HTTP2_CLIENTS, at_once=5) as http2,
        ):
            await _served_for(each_s, http2)
            first_s = await _stop(leaving)
            await _served_for(each_s, http2)
            shared = len(http1.failures), len(http2.record.failures)
            goaways_before, alone_since_s = http2.goaways, time.monotonic()
            half = await _half_an_order(staying.port, person)
            stopping = asyncio.create_task(_stop(staying))
            await _until_refused(staying.port)
            was_ready = await asyncio.to_thread(staying.is_ready)
            status, is_last = await half.finish()
            second_s = await stopping
    return [
        counted("failures, one gateway of two stopping, HTTP/1", shared[0]),
        counted("failures, one gateway of two stopping, HTTP/2", shared[1]),
        at_most("time to exit", first_s, _DRAIN_S + 1, " s"),
        counted("status of an order that was half sent before", status, 201),
        counted("Connection: close in the response", int(is_last), 1),
        *_alone(http1, http2, alone_since_s),
        counted("HTTP/2 connections that got a GOAWAY", http2.goaways - goaways_before, _HTTP2_CLIENTS),
        counted("ready while it drained", int(was_ready)),
        at_most("time to exit", second_s, _DRAIN_S + 1, " s"),
    ]


def _clients(person: Person) -> list[Clients]:
    return [
        Clients("read", person.get("/api/orders"), count=3),
        Clients("create", person.order(), count=3),
        Clients("fresh", person.get("/api/v1/users/me"), count=2, pause_s=0.01, fresh=True),
    ]


def _alone(http1: Record, http2: Http2Load, since_s: float) -> list[Finding]:
    """Checks a single gateway: it refuses new connections, and ends open ones after their response."""
    failures = [*http1.failures, *http2.record.failures]
    lost = [s.code for s in failures if s.started_s + s.took_s >= since_s and s.code != _REFUSED]
    seen = http1.of("read", "create").seen
    answers = [s.answer for s in seen if s.answer is not None and s.started_s + s.took_s >= since_s]
    closing = sum(answer.headers.get("connection") == "close" for answer in answers)
    return [
        Finding("lost requests of a single gateway", "none", str(lost), not lost),
        at_least("responses with Connection: close", closing, 6),
    ]


async def _served_for(seconds: float, http2: Http2Load) -> None:
    """Keeps the load running for this time, and until all of its clients have a connection."""
    await asyncio.sleep(seconds)
    await asyncio.to_thread(eventually, lambda: True if http2.served == _HTTP2_CLIENTS else None, within_s=10)


async def _stop(gateway: OwnGateway) -> float:
    began_s = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(gateway.wait, began_s)


async def _until_refused(port: int) -> None:
    """Waits until the port has no listener.

    Raises:
        AssertionError: it still has one.
    """
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        writer.close()
        await asyncio.sleep(0.01)
    raise AssertionError("new connections are still taken")


@dataclass(frozen=True, slots=True)
class _HalfSent:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes

    async def finish(self) -> tuple[int, bool]:
        """Sends the rest, and returns the status of the response and whether it closes the connection."""
        self.writer.write(self.rest)
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.writer.close()
        return int(head.split()[1]), b"\r\nconnection: close\r\n" in head.lower()


async def _half_an_order(port: int, person: Person) -> _HalfSent:
    body = json.dumps(ORDER).encode()
    lines = [
        "POST /api/orders/add HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {person.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body[:10])
    await writer.drain()
    return _HalfSent(reader, writer, body[10:])


DRILL = Drill(
    6,
    "SIGTERM to a gateway under HTTP/1.1 and HTTP/2 load",
    "requests in progress finish, with Connection: close; none fails",
    run,
)
