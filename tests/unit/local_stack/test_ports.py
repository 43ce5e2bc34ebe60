"""Free and taken ports, and the messages about taken ones."""

import asyncio
import os
import socket
from collections.abc import Iterator

import psutil
import pytest
from local_stack.errors import StackError
from local_stack.ports import Claim, is_free, require_free


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener of the kind that the services use, which shares its port with other replicas."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def _port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def test_port_with_a_listener_is_taken_even_if_it_is_shared(listener: socket.socket) -> None:
    assert not is_free("127.0.0.1", _port(listener))
    assert not is_free("0.0.0.0", _port(listener))


async def test_port_must_be_free_at_every_address(listener: socket.socket) -> None:
    claim = Claim("gateway", "public", ("127.0.0.2", "127.0.0.1"), _port(listener))

    with pytest.raises(StackError, match="is already in use"):
        await require_free([claim], pytest.fail, hint="")


def test_port_is_free_while_old_connections_linger(listener: socket.socket) -> None:
    port = _port(listener)
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        accepted.close()  # the side that closes first is the one whose port lingers
    listener.close()

    assert is_free("127.0.0.1", port)


async def test_error_names_each_taken_port_its_process_and_its_owner(listener: socket.socket) -> None:
    port = _port(listener)
    claims = [Claim("gateway", "public", ("127.0.0.1",), port), Claim("order-svc", "admin", ("127.0.0.1",), port)]
    said: list[str] = []

    with pytest.raises(StackError) as refusal:
        await require_free(claims, said.append, hint="./just up --port-offset 100")

    text = str(refusal.value)
    assert f"port {port} (gateway, public) is already in use" in text
    assert f"port {port} (order-svc, admin) is already in use" in text
    assert f"(process {os.getpid()})" in text
    assert "./just up --port-offset 100" in text
    assert said == []


async def test_free_ports_pass_without_a_message(listener: socket.socket) -> None:
    port = _port(listener)
    listener.close()

    await require_free([Claim("gateway", "public", ("127.0.0.1",), port)], pytest.fail, hint="")


def _outgoing(listener: socket.socket) -> tuple[socket.socket, int]:
    """A connection of another program from a port that the stack wants, closed by that program first."""
    client, accepted, port = _connection(listener)
    # On a busy machine, another process may have an outgoing connection from the same port to another address.
    while len([each for each in psutil.net_connections("tcp4") if each.laddr and each.laddr.port == port]) > 1:
        client.close()
        accepted.close()
        client, accepted, port = _connection(listener)
    client.close()
    assert accepted.recv(1) == b""
    accepted.close()  # from now on the client's port is in TIME-WAIT
    return accepted, port


def _connection(listener: socket.socket) -> tuple[socket.socket, socket.socket, int]:
    client = socket.create_connection(("127.0.0.1", _port(listener)))
    accepted, _ = listener.accept()
    return client, accepted, _port(client)


async def test_port_of_a_closed_connection_is_waited_for_with_a_message(listener: socket.socket) -> None:
    _, port = _outgoing(listener)
    claim = Claim("user-svc", "public", ("127.0.0.1",), port)
    said: list[str] = []
    assert not is_free("127.0.0.1", port)

    with pytest.raises(StackError, match="by a closed connection for up to a minute"):
        await require_free([claim], said.append, hint="", within_s=0.3)

    assert said == [
        f"Port {port}: a closed connection of another program occupies it (TIME-WAIT); waiting for its end."
    ]


async def test_port_that_becomes_free_during_the_wait_is_accepted() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # bound, and not listening: as an outgoing connection of another program
        claim = Claim("user-svc", "public", ("127.0.0.1",), _port(holder))
        waits = asyncio.Event()
        waiting = asyncio.create_task(require_free([claim], lambda _text: waits.set(), hint="", within_s=30))
        await waits.wait()
    await waiting
