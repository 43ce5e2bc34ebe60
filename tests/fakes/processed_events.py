"""In-memory implementations of the inbox's ports ProcessedEvents and EventIssuer."""

from service_kit.events import Envelope


class InMemoryProcessedEvents:
    """Implements the port ProcessedEvents. ids: of the processed events."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    async def contains(self, event_id: str) -> bool:
        return event_id in self.ids

    async def add(self, event_id: str) -> None:
        self.ids.add(event_id)


class InMemoryEventIssuer:
    """Implements the port EventIssuer. forged: ids of events that it denies. trouble: exceptions, raised once each."""

    def __init__(self) -> None:
        self.forged: set[str] = set()
        self.trouble: list[Exception] = []

    async def confirms(self, event: Envelope) -> bool:
        if self.trouble:
            raise self.trouble.pop()
        return event.event_id not in self.forged
