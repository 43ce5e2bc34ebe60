"""Slow clients, and very many idle ones: their connections are closed, and other clients are not affected."""

import asyncio
import contextlib
import socket
from http import HTTPStatus

from hyperframe.frame import SettingsFrame

from tests.faults.attackers import ConnectionCounts, HostileConnections, attack, descriptors_for, never_reading
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, Record, load
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.faults.worker_process import worker_process
from tests.running.http2_client import http2_connected
from tests.running.polling import eventually
from tests.running.stacks import Stack

_MIB = 1024 * 1024
_TIMEOUT_S = "2"
# The timeout, the lingering close, and the interval of the sweep over all connections.
_CLOSED_WITHIN_S = 8.0
# At most 25 KiB for each allowed connection, plus the responses in progress.
_MOST_RSS_BYTES = 4096 * 25 * 1024 + 32 * _MIB

_SHUT_CONNECTIONS, _SHUT_STREAMS = 50, 100
_LARGE_PAGE = b"/docs/swagger-ui-bundle.js"
_HEAD = b"POST /api/users/log HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_PAGE = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
_KEYS = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


def run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    with own_gateway(
        stack,
        HEADER_TIMEOUT_S=_TIMEOUT_S,
        BODY_TIMEOUT_S=_TIMEOUT_S,
        SEND_TIMEOUT_S=_TIMEOUT_S,
        KEEP_ALIVE_TIMEOUT_S=_TIMEOUT_S,
    ) as gateway:
        return asyncio.run(_run(stage, stack, gateway))


async def _run(stage: Stage, stack: Stack, gateway: OwnGateway) -> list[Finding]:
    person = await newcomer(stack.url)
    idle = descriptors_for(stage.either(10_000, 500))
    crowds = _crowds(idle, each=stage.either(200, 40))
    async with worker_process(attack.__module__) as attackers:
        quiet = await _alone(gateway, person, stage.either(10.0, 2.0))
        before = gateway.rss_bytes
        with contextlib.ExitStack() as ends:
            async with load(gateway.url, *_clients(person)) as record:
                deaf = [
                    ends.enter_context(await asyncio.to_thread(never_reading, gateway.port, _PAGE, 200))
                    for _ in range(20)
                ]
                attacking = asyncio.create_task(attackers.run(attack, gateway.port, crowds, _CLOSED_WITHIN_S))
                most = await _most_memory(gateway, attacking)
            lasting = _lasting(gateway, deaf)
        fates: dict[str, ConnectionCounts] = await attacking
        shut = await _shut_windows(gateway)
    return [
        counted("normal requests that failed", len(record.failures)),
        at_most("their p99", record.percentile_s(0.99) / quiet.percentile_s(0.99), 2, "×", clock=True),
        at_least("idle connections opened", fates["idle"].opened, idle),
        *(counted(f"{name}: open connections", fate.open) for name, fate in fates.items()),
        counted("clients that do not read: open connections", lasting),
        at_most("memory growth", (most - before) / _MIB, _MOST_RSS_BYTES / _MIB, " MiB"),
        at_most("memory for 5 000 requests behind closed windows", shut, 16, " MiB"),
    ]


async def _shut_windows(gateway: OwnGateway) -> float:
    """Returns the memory (MiB) of 50 HTTP/2 connections that request 100 large pages each and read nothing."""
    before = gateway.rss_bytes
    async with contextlib.AsyncExitStack() as ends:
        for number in range(_SHUT_CONNECTIONS):
            source = f"127.0.2.{number + 1}"
            client = await ends.enter_async_context(http2_connected(gateway.port, source=source, reads_bodies=False))
            client.send_frames(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}))
            for _ in range(_SHUT_STREAMS):
                client.start(_LARGE_PAGE)
        async with http2_connected(gateway.port) as other:
            assert (await other.get(b"/.well-known/jwks.json")).status == HTTPStatus.OK
        return (gateway.rss_bytes - before) / _MIB


def _crowds(idle: int, each: int) -> dict[str, HostileConnections]:
    return {
        "slow headers": HostileConnections(each, _HEAD, b"x"),
        "slow bodies": HostileConnections(each, _HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
        "slow chunks": HostileConnections(each, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n \r\n"),
        "idle after a request": HostileConnections(each, _KEYS),
        "idle": HostileConnections(idle),
    }


def _clients(person: Person) -> list[Clients]:
    return [Clients("normal", person.get("/api/orders"), count=4, pause_s=0.02)]


async def _alone(gateway: OwnGateway, person: Person, seconds: float) -> Record:
    async with load(gateway.url, *_clients(person)) as record:
        await asyncio.sleep(seconds)
    return record


async def _most_memory(gateway: OwnGateway, attacking: "asyncio.Task[dict[str, ConnectionCounts]]") -> int:
    most = 0
    while not (await asyncio.wait({attacking}, timeout=0.05))[0]:
        most = max(most, gateway.rss_bytes)
    return most


def _lasting(gateway: OwnGateway, clients: list[socket.socket]) -> int:
    """Returns how many of them the gateway still has, after a short wait."""
    ports = {client.getsockname()[1] for client in clients}
    with contextlib.suppress(AssertionError):
        eventually(lambda: None if ports & gateway.peer_ports() else True, within_s=_CLOSED_WITHIN_S)
    return len(ports & gateway.peer_ports())


DRILL = Drill(
    22,
    "slow headers, bodies and readers; 10 000 idle connections",
    "closed, bounded; other clients at most twice as slow",
    run,
)
