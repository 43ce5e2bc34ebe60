"""The listening socket: takes connections in, and stops to without losing one."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from loguru import logger

from gateway.server.port_sharing import has_company
from gateway.server.syn_filter import drop_new_connections, forget_filter

_BACKLOG = 1024
# So many are taken in at a time; when there are more, those who have a connection come first for a moment (seconds). A
# storm of new connections, 1 000 a second at most, leaves most of the processor to them.
_ACCEPTS_A_TURN = 2
_BREATH_S = 0.002
# For so long (seconds) handshakes that have begun may take, once new ones are kept away.
_HANDSHAKE_S = 0.25
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE_S = 0.1
_MAX_UNSENT_BYTES = 128 * 1024
# The kernel gives a client up so much later (seconds) than we do, who count it.
_GRACE_S = 1.0

Take = Callable[[socket.socket, Any], None]


class Listener:
    """Hands each new connection of ``sock``, which listens, to ``take``, with its peer's address.

    exhausted: called when the system has no more file descriptors, or memory, to give.
    send_timeout_s: how long a client may leave unread what the kernel has for it.
    """

    def __init__(
        self, sock: socket.socket, take: Take, *, exhausted: Callable[[], None], send_timeout_s: float
    ) -> None:
        self._sock = sock
        _tune(sock, send_timeout_s)
        self.port = int(sock.getsockname()[1])
        self._sock.setblocking(False)
        self._take = take
        self._exhausted = exhausted
        self._loop = asyncio.get_running_loop()
        self._filtered = False
        self._resume: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._sock.fileno(), self._on_readable)

    async def drain(self) -> None:
        """Take in whoever has come, and close.

        With company on the port, new clients are left to the others first; a lone listener closes at once, so that
        clients are refused, and not kept waiting.
        """
        if self._is_open:
            # Alone, too: nobody comes between the last look at the queue and its end.
            self._filtered = drop_new_connections(self._sock)
            if not self._filtered:
                logger.warning("new connections cannot be kept away while the port closes: some may be reset")
            elif has_company(self._sock):
                await asyncio.sleep(_HANDSHAKE_S)
        self.close()

    def close(self) -> None:
        """Take in whoever has come, and close."""
        if not self._is_open:
            return
        for _ in range(_BACKLOG // _ACCEPTS_A_TURN):
            if not self._accept():
                break
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    @property
    def _is_open(self) -> bool:
        return self._sock.fileno() >= 0

    def _on_readable(self) -> None:
        if self._accept():
            self._pause(_BREATH_S)

    def _accept(self) -> bool:
        """Take some in; whether there may be more."""
        for _ in range(_ACCEPTS_A_TURN):
            try:
                connection, peer = self._sock.accept()
            except BlockingIOError:
                return False
            except OSError as exc:
                if exc.errno in _OUT_OF_RESOURCES:
                    self._exhausted()
                    # Asking again at once would do nothing but burn the processor.
                    self._pause(_PAUSE_S)
                    return False
                continue  # what has gone wrong is this one connection (accept(2))
            connection.setblocking(False)
            if self._filtered:
                forget_filter(connection)
            self._take(connection, peer)
        return True

    def _pause(self, seconds: float) -> None:
        """Leave them in the queue for a moment."""
        self._loop.remove_reader(self._sock.fileno())
        self._resume = self._loop.call_later(seconds, self._loop.add_reader, self._sock.fileno(), self._on_readable)


def _tune(listener: socket.socket, send_timeout_s: float) -> None:
    """Set how many connections may wait for it, and what they will inherit."""
    listener.listen(_BACKLOG)
    # Without, an answer of several packets may wait for 40 ms (RFC 896 meets RFC 1122).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # For a client that does not read, the kernel holds no megabytes,
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES)
    # and for long: what the kernel has, our own watch over slow readers does not see.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int((send_timeout_s + _GRACE_S) * 1000))
