"""What an event leads to."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from service_kit.events import Envelope

#: Begins what the event asks for, and yields after each part of it, so that whoever waits knows that it goes on. It may
#: be cut off anywhere, and begun again. UnreadableEventError: at once, before anything is done.
Handler = Callable[[Envelope], AsyncGenerator[Any, None]]


class EventIssuer(Protocol):
    """The service that an event is said to come from. Every method may raise DependencyUnavailableError."""

    async def confirms(self, event: Envelope) -> bool:
        """Whether the issuer has this event on record, exactly as it is here."""


class ProcessedEvents(Protocol):
    """Which events have had their effect, kept beside it. Every method may raise DependencyUnavailableError."""

    async def contains(self, event_id: str) -> bool: ...

    async def add(self, event_id: str) -> None: ...
