"""The public keys that verify access tokens, from the session authority (user-svc)."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from loguru import logger
from service_kit.grpc.client import GrpcClient
from shared_contracts.headrace.session.v1 import GetKeySetRequest, JsonWebKey, SessionServiceStub

_TIMEOUT_S = 1.0


class KeySetSource:
    """Fetches the key set over gRPC: from the process that answered last, and when it fails, from the next one.

    Args:
        clients: at least one, each of a process of the authority; all have the same keys.
    """

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._sessions = deque(SessionServiceStub(client.channel) for client in clients)
        self._answering = self._sessions[0]

    async def fetch(self) -> list[dict[str, str]]:
        """Returns the keys as JSON Web Keys (RFC 7517).

        Raises:
            Exception: the error of the last process, when all fail.
        """
        for _ in range(len(self._sessions) - 1):
            with suppress(Exception):  # the last process asked raises its error
                return await self._ask()
            self._sessions.rotate(-1)
        return await self._ask()

    async def _ask(self) -> list[dict[str, str]]:
        asked = self._sessions[0]
        response = await asked.get_key_set(GetKeySetRequest(), timeout=_TIMEOUT_S)
        if asked is not self._answering:
            logger.warning("key set source changed")
            self._answering = asked
        return [_as_json_web_key(key) for key in response.keys]


def _as_json_web_key(key: JsonWebKey) -> dict[str, str]:
    return {"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid, "alg": key.alg, "use": key.use}
