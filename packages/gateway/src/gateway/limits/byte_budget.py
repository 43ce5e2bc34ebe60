"""Memory that all requests share."""


class ByteBudget:
    """So many bytes at once, for whoever comes first.

    size_bytes: what there is in all.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._left_bytes = size_bytes

    def take(self, size_bytes: int) -> bool:
        """Take so many. False: there are not so many left, and none were taken."""
        if size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Give back so many of those that were taken."""
        self._left_bytes += size_bytes
