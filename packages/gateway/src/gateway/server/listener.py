"""A listening socket of the server: accepts connections, and closes without losing one."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from loguru import logger
from service_kit.listening import AcceptError, accept_queued, detach_filter, drop_new_connections, is_port_shared

_BACKLOG = 1024
#: So many connections are accepted at a time; when more are waiting, those that are open come first for 2 ms. A storm
#: of new connections, 1 000 a second at most, leaves most of the processor to them.
_ACCEPTS_A_TURN = 2
_PAUSE_S = 0.002
#: For how long to pause when file descriptors or memory are exhausted: trying again at once would only use the
#: processor.
_EXHAUSTED_PAUSE_S = 0.1
#: How long handshakes may take that had begun when the filter for new connections was attached.
_HANDSHAKE_S = 0.25
_MAX_UNSENT_BYTES = 128 * 1024
#: The kernel's write timeout ends so much later than the server's own, which is counted.
_KERNEL_GRACE_S = 1.0

OnConnection = Callable[[socket.socket, Any], None]


class Listener:
    """Accepts the connections of one listening socket.

    Args:
        sock: Listens.
        on_connection: Takes each connection, with the address of its peer.
        on_exhausted: Called when the system has no more file descriptors, or memory.
        send_timeout_s: How long a client may not read what the kernel has for it.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_connection: OnConnection,
        *,
        on_exhausted: Callable[[], None],
        send_timeout_s: float,
    ) -> None:
        self._sock = sock
        _tune(sock, send_timeout_s)
        self.port = int(sock.getsockname()[1])
        self._sock.setblocking(False)
        self._on_connection = on_connection
        self._on_exhausted = on_exhausted
        self._loop = asyncio.get_running_loop()
        self._filtered = False
        self._resume: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._sock.fileno(), self._on_readable)

    async def drain(self) -> None:
        """Accepts the connections in the queue, and closes.

        On a shared port, new clients are left to the other sockets first. A socket that is alone closes at once, so
        that new clients are refused and do not wait.
        """
        if self._is_open:
            # On a port of its own, too: no connection may arrive between the last look at the queue and its end.
            self._filtered = drop_new_connections(self._sock)
            if not self._filtered:
                logger.bind(port=self.port).warning("listener closes without a filter, connections may be reset")
            elif is_port_shared(self._sock):
                await asyncio.sleep(_HANDSHAKE_S)
        self.close()

    def close(self) -> None:
        """Accepts the connections in the queue, and closes at once."""
        if not self._is_open:
            return
        self._accept(_BACKLOG)
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    @property
    def _is_open(self) -> bool:
        return self._sock.fileno() >= 0

    def _on_readable(self) -> None:
        if self._accept(_ACCEPTS_A_TURN) == _ACCEPTS_A_TURN:
            self._pause(_PAUSE_S)

    def _accept(self, limit: int) -> int:
        """Accepts up to ``limit`` connections; returns how many there were."""
        accepted = 0
        try:
            for connection, peer in accept_queued(self._sock, limit):
                if self._filtered:
                    detach_filter(connection)
                self._on_connection(connection, peer)
                accepted += 1
        except AcceptError:
            self._on_exhausted()
            self._pause(_EXHAUSTED_PAUSE_S)
            return 0
        return accepted

    def _pause(self, seconds: float) -> None:
        """Leaves connections in the queue for a moment."""
        self._loop.remove_reader(self._sock.fileno())
        self._resume = self._loop.call_later(seconds, self._loop.add_reader, self._sock.fileno(), self._on_readable)


def _tune(listener: socket.socket, send_timeout_s: float) -> None:
    """Sets how many connections may wait in the queue, and the options that connections inherit."""
    listener.listen(_BACKLOG)
    # Without it, a response of several packets may wait for 40 ms (RFC 896 meets RFC 1122).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel holds no megabytes for a client that does not read,
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES)
    # and not for long: the server's own write timeout does not see what the kernel holds.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int((send_timeout_s + _KERNEL_GRACE_S) * 1000))
