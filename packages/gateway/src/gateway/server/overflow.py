"""The response to connections beyond the bounds."""

import asyncio
import socket
from collections import deque
from time import monotonic
from typing import Any

from loguru import logger

from gateway.problems import Decision, Problem
from gateway.server.bounds import Bounds
from gateway.server.refusals import Refusal, Refusals
from gateway.server.telemetry import Cause

#: Long enough for a request on its way to arrive: closing a socket with unread bytes would destroy the response.
_HELD_S = 1.0
_MAX_HELD = 256
_LOG_EVERY_S = 10.0
_RETRY_AFTER_S = 1


class OverflowResponder:
    """Answers with 503 in HTTP/1.1, without reading the request.

    The connections that were answered last stay half closed for a moment, and cost a file descriptor each.
    """

    def __init__(self, bounds: Bounds, refusals: Refusals) -> None:
        self._limits = {
            Cause.CLIENT_CONNECTIONS: bounds.max_connections_per_client,
            Cause.CONNECTIONS: bounds.max_connections,
        }
        self._refusals = refusals
        self._held: deque[socket.socket] = deque()
        self._logged_at: dict[Cause, float] = {}

    def respond(self, sock: socket.socket, peer: Any, cause: Cause) -> None:
        """Sends the response for ``cause`` to ``sock``, and closes it soon."""
        address = str(peer[0]) if peer else ""
        self._log(cause, address)
        try:
            sock.send(self._response(cause, address))
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has left already
            sock.close()
            return
        self._held.append(sock)
        if len(self._held) > _MAX_HELD:
            self._held.popleft().close()
        asyncio.get_running_loop().call_later(_HELD_S, sock.close)

    def close(self) -> None:
        """Closes the connections that are half closed."""
        for sock in self._held:
            sock.close()

    def _response(self, cause: Cause, address: str) -> bytes:
        decision = Decision("connections", cause.value, limit=self._limits[cause], retry_after_s=_RETRY_AFTER_S)
        problem = Problem(503, "TOO_MANY_CONNECTIONS", decision=decision)
        return self._refusals.document(Refusal(cause, problem), address).as_http1()

    def _log(self, cause: Cause, address: str) -> None:
        now = monotonic()
        if now - self._logged_at.get(cause, -_LOG_EVERY_S) >= _LOG_EVERY_S:
            self._logged_at[cause] = now
            logger.bind(cause=cause.value, client_address=address).warning("connections rejected")
