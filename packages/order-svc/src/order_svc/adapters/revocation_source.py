"""The revoked sessions, from the session authority (user-svc)."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from service_kit.grpc.client import GrpcClient
from service_kit.tokens.revocation_feed import RevocationPage, Revoked
from shared_contracts.headrace.session.v1 import ListRevocationsRequest, SessionServiceStub

_TIMEOUT_S = 1.0


class RevocationSource:
    """Lists revocations over gRPC: from the process that answered last, and when it fails, from the next one.

    Args:
        clients: at least one, each of a process of the authority; all have the same records.
    """

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._sessions = deque(SessionServiceStub(client.channel) for client in clients)

    async def ask(self, since: datetime | None) -> RevocationPage:
        """Returns a page of the sessions revoked since a time; None: of all.

        Raises:
            Exception: the error of the last process, when all fail.
        """
        for _ in range(len(self._sessions) - 1):
            with suppress(Exception):  # the last process asked raises its error
                return await self._ask(since)
            self._sessions.rotate(-1)
        return await self._ask(since)

    async def _ask(self, since: datetime | None) -> RevocationPage:
        answer = await self._sessions[0].list_revocations(ListRevocationsRequest(since=since), timeout=_TIMEOUT_S)
        revoked = [Revoked(each.session_id, each.age_ms / 1000, each.for_ms / 1000) for each in answer.sessions]
        return RevocationPage(revoked, answer.until, answer.more)
