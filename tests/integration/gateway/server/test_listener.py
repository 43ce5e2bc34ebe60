"""Several listeners on one port, one of which closes without losing a connection."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from gateway.server import listener as listening
from gateway.server.listener import Listener
from service_kit.listening import drop_new_connections, is_port_shared, listen

from tests.integration.gateway.server.edge import until
from tests.running.polling import eventually

HOST = "127.0.0.1"
CLIENTS = 32
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the port is not balanced")


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets that listen on one port."""
    host = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, reuse_port=True, backlog=CLIENTS) as first:
        port = first.getsockname()[1]
        with socket.create_server((host, port), family=family, reuse_port=True, backlog=CLIENTS) as second:
            yield first, second


def connect(address: tuple[str, int]) -> bytes:
    """Returns what the server sends: b"" if it closes the connection, b"reset" if it resets it."""
    try:
        with socket.create_connection(address[:2], timeout=10) as client:
            return client.recv(100)
    except ConnectionResetError:
        return b"reset"


def serve(listener: socket.socket) -> None:
    for _ in range(CLIENTS):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"hello")


def close_between(pair: tuple[socket.socket, socket.socket], *, filtered: bool) -> list[bytes]:
    """Returns what clients receive that connect after the last accept and before the close of the first socket."""
    leaving, staying = pair
    staying.settimeout(3 if filtered else 0.5)
    if filtered:
        assert drop_new_connections(leaving)
    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        said = [threads.submit(connect, leaving.getsockname()) for _ in range(CLIENTS)]
        serving = threads.submit(serve, staying)
        # The kernel has spread them by then: those that are not done wait for the one that leaves.
        eventually(lambda: True if sum(each.done() for each in said) > CLIENTS // 8 else None, within_s=5, every_s=0.01)
        leaving.close()
        answers = [each.result() for each in said]
        serving.exception()
    return answers


@linux_only
def test_queued_connections_are_reset_when_the_listener_closes(pair: tuple[socket.socket, socket.socket]) -> None:
    assert b"reset" in close_between(pair, filtered=False)


@linux_only
def test_filter_keeps_new_connections_out_of_the_queue(pair: tuple[socket.socket, socket.socket]) -> None:
    assert close_between(pair, filtered=True) == [b"hello"] * CLIENTS


@linux_only
def test_other_listener_on_the_port_is_found(pair: tuple[socket.socket, socket.socket]) -> None:
    first, second = pair
    assert is_port_shared(first)
    assert is_port_shared(second)
    second.close()
    assert not is_port_shared(first)


@linux_only
def test_listener_on_all_addresses_counts_as_another_listener() -> None:
    with socket.create_server((HOST, 0), reuse_port=True) as one:
        port = one.getsockname()[1]
        with socket.create_server(("", port), reuse_port=True) as everywhere:
            assert is_port_shared(one)
            assert not is_port_shared(everywhere)


class Taken:
    """A listener, and the connections that it has accepted."""

    def __init__(self, port: int = 0, *, share_port: bool = True) -> None:
        self.sockets: list[socket.socket] = []
        (sock,) = listen((HOST,), port, share_port=share_port)
        self.listener = Listener(sock, self._take, on_exhausted=lambda: None, send_timeout_s=1.0)

    def _take(self, connection: socket.socket, _peer: object) -> None:
        self.sockets.append(connection)

    def close(self) -> None:
        self.listener.close()
        for connection in self.sockets:
            connection.close()


async def test_lone_listener_accepts_queued_connections_and_closes_at_once() -> None:
    taken = Taken()
    with socket.create_connection((HOST, taken.listener.port)):
        draining = taken.listener.drain()
        with pytest.raises(StopIteration):
            draining.send(None)  # it waits for nothing
        assert len(taken.sockets) == 1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, taken.listener.port))
    taken.close()


@linux_only
async def test_listener_on_a_shared_port_leaves_new_clients_to_the_other() -> None:
    leaving, staying = Taken(), None
    staying = Taken(leaving.listener.port)
    draining = asyncio.create_task(leaving.listener.drain())
    await asyncio.sleep(0)
    connections = [asyncio.open_connection(HOST, leaving.listener.port) for _ in range(CLIENTS)]
    clients = await asyncio.wait_for(asyncio.gather(*connections), 10)
    await draining
    await until(lambda: len(staying.sockets) == CLIENTS)
    assert leaving.sockets == []
    for _, writer in clients:
        writer.close()
    leaving.close()
    staying.close()


async def test_listener_closes_at_once_without_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "is_port_shared", lambda _: True)
    monkeypatch.setattr(listening, "drop_new_connections", lambda _: False)
    taken = Taken()
    with pytest.raises(StopIteration):
        taken.listener.drain().send(None)
    taken.close()
