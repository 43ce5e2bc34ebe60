"""Listening on a port, and stopping in order."""

import socket
from collections.abc import Iterator


def listen(host: str, port: int, *, share_port: bool = False) -> socket.socket:
    """A socket that listens. OSError: the port is not to be had; its text names it.

    share_port: other processes may listen on it too (SO_REUSEPORT).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, reuse_port=share_port)
    except OSError as exc:
        raise OSError(exc.errno, f"cannot listen on {host}:{port}: {exc.strerror}") from exc


def remaining(listening: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has made and nobody has taken yet: closing the socket would reset them."""
    listening.setblocking(False)
    while True:
        try:
            yield listening.accept()[0]
        except BlockingIOError:
            return
