"""Why an event cannot be processed, now or ever."""


class UnreadableEventError(Exception):
    """Nobody can make sense of it, however often it comes. The text says why, and holds nothing of the event."""
