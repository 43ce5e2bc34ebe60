"""Those for whom there is no connection to spare."""

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

# Long enough for a request to arrive that is on its way: closing over it would destroy the answer.
_HELD_S = 1.0
_MAX_HELD = 256
_LOG_EVERY_S = 10.0
_RETRY_AFTER_S = 1


class TurnedAway:
    """Tells them so, in HTTP/1.1, without waiting for what they want.

    Those told last stay half closed for a moment; they are no burden but for a file descriptor each.
    """

    def __init__(self, bounds: Bounds, refusals: Refusals) -> None:
        self._limits = {
            Cause.CLIENT_CONNECTIONS: bounds.max_connections_per_client,
            Cause.CONNECTIONS: bounds.max_connections,
        }
        self._refusals = refusals
        self._held: deque[socket.socket] = deque()
        self._logged_at: dict[Cause, float] = {}

    def refuse(self, sock: socket.socket, peer: Any, cause: Cause) -> None:
        """Answer ``sock`` for ``cause``, and close it soon."""
        limit = self._limits[cause]
        self._log(cause, peer)
        try:
            sock.send(self._answer(cause, limit, str(peer[0]) if peer else ""))
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has left already
            sock.close()
            return
        self._held.append(sock)
        if len(self._held) > _MAX_HELD:
            self._held.popleft().close()
        asyncio.get_running_loop().call_later(_HELD_S, sock.close)

    def _answer(self, cause: Cause, limit: int, address: str) -> bytes:
        decision = Decision("connections", cause.value, limit=limit, retry_after_s=_RETRY_AFTER_S)
        problem = Problem(503, "TOO_MANY_CONNECTIONS", decision=decision)
        return self._refusals.document(Refusal(cause, problem), address).as_http1()

    def _log(self, cause: Cause, peer: Any) -> None:
        now = monotonic()
        if now - self._logged_at.get(cause, -_LOG_EVERY_S) >= _LOG_EVERY_S:
            self._logged_at[cause] = now
            logger.warning("connections are turned away ({}), such as one from {}", cause.value, peer)
