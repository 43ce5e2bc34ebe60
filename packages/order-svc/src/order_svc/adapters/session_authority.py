"""Client of the session authority (user-svc): the keys that verify access tokens, and the revoked sessions."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from loguru import logger
from service_kit.grpc.client import GrpcClient
from service_kit.tokens.revocation_feed import RevocationPage, Revoked
from shared_contracts.headrace.session.v1 import (
    GetKeySetRequest,
    JsonWebKey,
    ListRevocationsRequest,
    SessionServiceStub,
)

T = TypeVar("T")

_TIMEOUT_S = 1.0


class _Processes:
    """The processes of the authority. The one that answered last is asked first, and when it fails, the next one.

    Args:
        clients: at least one, each of a process; all processes have the same data.
    """

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._stubs = deque(SessionServiceStub(client.channel) for client in clients)

    @property
    def current(self) -> SessionServiceStub:
        """The process that is asked first."""
        return self._stubs[0]

    async def ask(self, call: Callable[[SessionServiceStub], Awaitable[T]]) -> T:
        """Returns the first response.

        Raises:
            Exception: the error of the last process, when all fail.
        """
        for _ in range(len(self._stubs) - 1):
            with suppress(Exception):  # the last process asked raises its error
                return await call(self.current)
            self._stubs.rotate(-1)
        return await call(self.current)


class KeySetSource:
    """Fetches the key set over gRPC. clients: at least one, each of a process of the authority."""

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._processes = _Processes(clients)
        self._answered_last = self._processes.current

    async def fetch(self) -> list[dict[str, str]]:
        """Returns the keys as JSON Web Keys (RFC 7517).

        Raises:
            Exception: the error of the last process, when all fail.
        """
        response = await self._processes.ask(lambda stub: stub.get_key_set(GetKeySetRequest(), timeout=_TIMEOUT_S))
        if self._processes.current is not self._answered_last:
            logger.warning("key set source changed")
            self._answered_last = self._processes.current
        return [_as_json_web_key(key) for key in response.keys]


class RevocationSource:
    """Lists revoked sessions over gRPC. clients: at least one, each of a process of the authority."""

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._processes = _Processes(clients)

    async def ask(self, since: datetime | None) -> RevocationPage:
        """Returns a page of the sessions revoked since a time; None: of all.

        Raises:
            Exception: the error of the last process, when all fail.
        """
        request = ListRevocationsRequest(since=since)
        response = await self._processes.ask(lambda stub: stub.list_revocations(request, timeout=_TIMEOUT_S))
        revoked = [Revoked(each.session_id, each.age_ms / 1000, each.for_ms / 1000) for each in response.sessions]
        return RevocationPage(revoked, response.until, response.more)


def _as_json_web_key(key: JsonWebKey) -> dict[str, str]:
    return {"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid, "alg": key.alg, "use": key.use}
