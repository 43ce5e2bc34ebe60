"""Which events have had their effect, and which their issuer knows, in memory."""

from service_kit.events import Envelope


class InMemoryProcessedEvents:
    """The port ProcessedEvents. ids: of these."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    async def contains(self, event_id: str) -> bool:
        return event_id in self.ids

    async def add(self, event_id: str) -> None:
        self.ids.add(event_id)


class InMemoryEventIssuer:
    """The port EventIssuer. forged: the ids of the events that it does not have. trouble: raised, once each."""

    def __init__(self) -> None:
        self.forged: set[str] = set()
        self.trouble: list[Exception] = []

    async def confirms(self, event: Envelope) -> bool:
        if self.trouble:
            raise self.trouble.pop()
        return event.event_id not in self.forged
