"""Whether ports are free, and what is said when they are not."""

import os
import socket
from collections.abc import Iterator

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


def test_a_port_with_a_listener_is_taken_even_if_the_listener_shares_it(listener: socket.socket) -> None:
    assert not is_free("127.0.0.1", _port(listener))
    assert not is_free("0.0.0.0", _port(listener))


def test_a_port_is_free_again_while_old_connections_linger(listener: socket.socket) -> None:
    port = _port(listener)
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        accepted.close()  # the side that closes first is the one whose port lingers
    listener.close()

    assert is_free("127.0.0.1", port)


def test_every_taken_port_is_named_with_who_wanted_it_and_who_has_it(listener: socket.socket) -> None:
    port = _port(listener)
    claims = [Claim("gateway", "public", "127.0.0.1", port), Claim("order-svc", "admin", "127.0.0.1", port)]

    with pytest.raises(StackError) as refusal:
        require_free(claims)

    text = str(refusal.value)
    assert f"port {port} (gateway, public) is already in use" in text
    assert f"port {port} (order-svc, admin) is already in use" in text
    assert f"(process {os.getpid()})" in text
    assert "--port-offset" in text


def test_free_ports_are_no_reason_to_complain(listener: socket.socket) -> None:
    port = _port(listener)
    listener.close()

    require_free([Claim("gateway", "public", "127.0.0.1", port)])
