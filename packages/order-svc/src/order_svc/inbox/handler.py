"""The ports of the inbox: event handlers, the events' issuer, and the record of processed events."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from service_kit.events import Envelope


class UnreadableEventError(Exception):
    """An event that can never be processed. The text gives the reason, and contains nothing of the event."""


#: Starts the work that an event asks for, and yields after each part, so that the inbox can extend its claim. A handler
#: is idempotent: it may be interrupted anywhere and run again. It raises UnreadableEventError before any work is done.
Handler = Callable[[Envelope], AsyncGenerator[Any, None]]


class EventIssuer(Protocol):
    """The service that issued an event. Every method may raise DependencyUnavailableError."""

    async def confirms(self, event: Envelope) -> bool:
        """Returns whether the issuer has this very event on record."""


class ProcessedEvents(Protocol):
    """The ids of processed events, stored beside their effects. Every method may raise DependencyUnavailableError."""

    async def contains(self, event_id: str) -> bool: ...

    async def add(self, event_id: str) -> None: ...
