"""Which events have had their effect, in memory."""


class InMemoryProcessedEvents:
    """The port ProcessedEvents. ids: of these."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    async def contains(self, event_id: str) -> bool:
        return event_id in self.ids

    async def add(self, event_id: str) -> None:
        self.ids.add(event_id)
