"""Verifies events with user-svc: any client that may write to the stream could forge one."""

from collections import deque
from collections.abc import Sequence

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from service_kit.events import Envelope
from service_kit.grpc.client import GrpcClient
from service_kit.grpc.errors import TRANSPORT_ERRORS
from shared_contracts.user.v1 import GetEventRequest, GetEventResponse, UserEventServiceStub

from order_svc.domain.errors import DependencyUnavailableError

_TIMEOUT_S = 1.0


class UserSvcEventIssuer:
    """Implements the port EventIssuer over gRPC.

    Args:
        clients: at least one, each of a process of user-svc; when one fails, the next is asked.
    """

    def __init__(self, clients: Sequence[GrpcClient]) -> None:
        self._stubs = deque(UserEventServiceStub(client.channel) for client in clients)

    async def confirms(self, event: Envelope) -> bool:
        found = await self._find(event.event_id)
        if found is None:
            return False
        recorded = (found.type, found.payload, found.request_id, found.traceparent)
        return recorded == (event.type, event.payload, event.request_id, event.traceparent)

    async def _find(self, event_id: str) -> GetEventResponse | None:
        for _ in range(len(self._stubs)):
            try:
                return await self._stubs[0].get_event(GetEventRequest(event_id=event_id), timeout=_TIMEOUT_S)
            except GRPCError as exc:
                if exc.status is Status.NOT_FOUND:
                    return None
                failure: Exception = exc
            except TRANSPORT_ERRORS as exc:
                failure = exc
            self._stubs.rotate(-1)
        raise DependencyUnavailableError("user-svc") from failure
