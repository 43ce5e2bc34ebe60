"""Connections to a service that died while they were idle cost no call, however they died."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from gateway.upstream.address import Address
from gateway.upstream.connection import Connection
from gateway.upstream.endpoint import Standing
from grpclib.const import Status
from service_kit.request.errors import CallError

from tests.integration.gateway.upstream.caller import Caller, calling
from tests.integration.gateway.upstream.service import CHANGE, SHOW, Replica, at_once, replicas, soon
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

#: Three connections' worth: a connection has 100 calls at most.
MANY_CALLS = 250


class Path:
    """A service, a proxy in front of it, and a caller that reaches it through the proxy only."""

    def __init__(self, replica: Replica, proxy: TcpProxy, caller: Caller) -> None:
        self.replica, self.proxy, self.caller = replica, proxy, caller

    @property
    def connections(self) -> list[Connection]:
        """The caller's connections that take calls."""
        return list(self.caller.upstream._pool.endpoints[0]._connections._open)

    async def ready(self) -> None:
        await soon(lambda: self.caller.upstream._pool.endpoints[0].standing is Standing.READY)

    async def open_several(self) -> None:
        """Have more calls at once than one connection takes, and wait for their end."""
        gate = asyncio.Event()

        async def wait(_stream: Any) -> None:
            await gate.wait()

        self.replica.behave = wait
        calls = [asyncio.create_task(self.caller.call()) for _ in range(MANY_CALLS)]
        await soon(lambda: self.replica.calls == MANY_CALLS)
        gate.set()
        await asyncio.gather(*calls)
        assert len(self.connections) > 1
        self.replica.behave, self.replica.calls = at_once, 0


@pytest.fixture
async def path() -> AsyncIterator[Path]:
    """With the breaker as it is by default: a dead connection is not a dead service."""
    async with (
        replicas(1) as (replica,),
        tcp_proxy(replica.address.port) as proxy,
        calling([Address("127.0.0.1", proxy.port)]) as caller,
    ):
        path = Path(replica, proxy, caller)
        await path.ready()
        yield path


async def finish(path: Path) -> None:
    await path.proxy.drop(reset=False)


async def reset(path: Path) -> None:
    await path.proxy.drop(reset=True)


async def finish_unnoticed(path: Path) -> None:
    """The FIN has arrived, and the caller's event loop has not read it yet."""
    path.proxy.finish_now()


async def reset_unnoticed(path: Path) -> None:
    """The same with an RST."""
    path.proxy.reset_now()


async def lose(path: Path) -> None:
    """Drops packets like a firewall that has forgotten an idle connection: neither side is notified."""
    old = path.connections
    path.proxy.hang()
    await soon(lambda: all(connection.silent_s > 1.6 for connection in old))


async def go_away(path: Path) -> None:
    """The service says that it looks at no further stream, and does not; the frame is on its way."""
    path.replica.go_away(max(max(protocol.processor.streams, default=0) for protocol in path.replica.connections))
    path.replica.stop_reading()


Kill = Callable[[Path], Awaitable[None]]
KILLS: list[Kill] = [finish, reset, finish_unnoticed, reset_unnoticed, lose, go_away]


@pytest.mark.parametrize("method", [SHOW, CHANGE], ids=["repeatable", "not repeatable"])
@pytest.mark.parametrize("kill", KILLS)
async def test_no_call_fails_and_each_runs_once(path: Path, kill: Kill, method: Any) -> None:
    for _ in range(2):
        await path.ready()
        path.replica.calls = 0
        await kill(path)
        await asyncio.gather(*(path.caller.call(method) for _ in range(10)))
        await path.caller.call(method)
        assert path.replica.calls == 11


@pytest.mark.parametrize("kill", KILLS)
async def test_several_dead_connections_at_once_cost_no_call(path: Path, kill: Kill) -> None:
    await path.open_several()
    await kill(path)
    await asyncio.gather(*(path.caller.call(CHANGE) for _ in range(MANY_CALLS)))
    assert path.replica.calls == MANY_CALLS


async def test_a_call_that_may_be_repeated_leaves_a_connection_that_was_lost_under_it(path: Path) -> None:
    for _ in range(10):  # which pays for the retries
        await path.caller.call()
    path.replica.calls = 0
    path.proxy.hang()
    await asyncio.gather(*(path.caller.call(timeout_s=SHOW.policy.deadline_s) for _ in range(10)))
    assert path.replica.calls == 10


async def test_a_call_that_may_not_be_repeated_is_sent_once_over_a_connection_that_is_lost(path: Path) -> None:
    path.proxy.hang()
    with pytest.raises(CallError) as failure:
        await path.caller.call(CHANGE, timeout_s=CHANGE.policy.deadline_s)
    assert failure.value.status in {Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE}
    assert path.replica.calls == 0
    await path.caller.call(CHANGE)
    assert path.replica.calls == 1


async def test_a_connection_is_lost_once_and_not_once_for_each_of_its_calls(path: Path) -> None:
    async def cut_at_the_tenth(_stream: Any) -> None:
        if path.replica.calls == 10:
            path.replica.cut()
        if path.replica.calls <= 10:
            await asyncio.Event().wait()

    for _ in range(10):
        await path.caller.call()
    path.replica.behave, path.replica.calls = cut_at_the_tenth, 0
    await asyncio.gather(*(path.caller.call() for _ in range(10)))
    assert path.replica.calls == 20


async def test_a_service_that_only_pauses_keeps_its_connections(path: Path) -> None:
    (old,) = path.connections
    path.proxy.answers.clear()
    await soon(lambda: old.silent_s > 1.6)
    path.proxy.answers.set()
    await soon(lambda: old.silent_s < 1)
    await path.caller.call(CHANGE)
    assert old in path.connections
