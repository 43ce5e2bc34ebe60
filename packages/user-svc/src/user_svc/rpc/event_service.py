"""user.v1.UserEventService on the outbox: other services verify an event with it before they act on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service_kit.events import Envelope
from shared_contracts.user.v1 import GetEventRequest, GetEventResponse, UserEventServiceBase

from user_svc.domain.errors import EventNotFoundError


@dataclass(frozen=True, slots=True)
class UserEventService(UserEventServiceBase):
    """The contract's service. find: returns the event with an id from the outbox; None: there is none."""

    find: Callable[[str], Awaitable[Envelope | None]]

    async def get_event(self, message: GetEventRequest) -> GetEventResponse:
        event = await self.find(message.event_id)
        if event is None:
            raise EventNotFoundError
        return GetEventResponse(event.type, event.payload, event.request_id, event.traceparent)
