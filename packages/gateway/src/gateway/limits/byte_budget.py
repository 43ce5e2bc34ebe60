"""A memory budget that all requests share, with a largest share for each client."""

from dataclasses import dataclass

from service_kit.request.clients import Client

#: The largest part of one user, of one anonymous client, and of all anonymous clients together: one in so many.
_USER_FRACTION = 8
_ANONYMOUS_FRACTION = 64
_ALL_ANONYMOUS_FRACTION = 2
#: In a small budget, a share still holds one large body.
_MIN_SHARE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A refused allocation. state: "exhausted" or "client_share". limit_bytes: the limit that was reached."""

    state: str
    limit_bytes: int


class ByteBudget:
    """Bounds the bytes in use, in all and for each client.

    Args:
        size_bytes: the budget of all clients together.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._used_bytes = 0
        self._anonymous_bytes = 0
        self._by_client: dict[Client, int] = {}

    def share_bytes(self, client: Client) -> int:
        """Returns the bytes that ``client`` may use."""
        fraction = _USER_FRACTION if client.is_identified else _ANONYMOUS_FRACTION
        return min(self.size_bytes, max(self.size_bytes // fraction, _MIN_SHARE_BYTES))

    def take(self, size_bytes: int, client: Client) -> Exhausted | None:
        """Allocates bytes to ``client``. Returns None, or the limit that refuses all of them."""
        used = self._by_client.get(client, 0) + size_bytes
        if used > self.share_bytes(client):
            return Exhausted("client_share", self.share_bytes(client))
        if not client.is_identified and self._anonymous_bytes + size_bytes > self.size_bytes // _ALL_ANONYMOUS_FRACTION:
            return Exhausted("exhausted", self.size_bytes // _ALL_ANONYMOUS_FRACTION)
        if self._used_bytes + size_bytes > self.size_bytes:
            return Exhausted("exhausted", self.size_bytes)
        self._add(size_bytes, client)
        return None

    def release(self, size_bytes: int, client: Client) -> None:
        """Releases bytes that were allocated to ``client``."""
        self._add(-size_bytes, client)

    def _add(self, size_bytes: int, client: Client) -> None:
        self._used_bytes += size_bytes
        if not client.is_identified:
            self._anonymous_bytes += size_bytes
        used = self._by_client.get(client, 0) + size_bytes
        if used:
            self._by_client[client] = used
        else:
            self._by_client.pop(client, None)
