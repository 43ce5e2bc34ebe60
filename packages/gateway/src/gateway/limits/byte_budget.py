"""Memory that all requests share, with a share for each client."""

from dataclasses import dataclass

from service_kit.request.clients import Client

#: A user's part of all memory, and that of a client that is not identified. The latter have half of it between them.
_USER_FRACTION = 8
_STRANGER_FRACTION = 64
_STRANGERS_FRACTION = 2
#: Where there is little memory in all, a share still holds one large body.
_LEAST_SHARE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Memory that is not there. state: "exhausted", or "client_share". limit_bytes: of what is used up."""

    state: str
    limit_bytes: int


class ByteBudget:
    """So many bytes at once; a client never gets more than its share, so that the others find some left.

    size_bytes: what there is in all.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._used_bytes = 0
        self._strangers_bytes = 0
        self._by_client: dict[Client, int] = {}

    def share_bytes(self, client: Client) -> int:
        """Returns what ``client`` may have at once."""
        fraction = _USER_FRACTION if client.is_identified else _STRANGER_FRACTION
        return min(self.size_bytes, max(self.size_bytes // fraction, _LEAST_SHARE_BYTES))

    def take(self, size_bytes: int, client: Client) -> Exhausted | None:
        """Takes so many for ``client``. None: they are taken. Else none were."""
        used = self._by_client.get(client, 0) + size_bytes
        if used > self.share_bytes(client):
            return Exhausted("client_share", self.share_bytes(client))
        if not client.is_identified and self._strangers_bytes + size_bytes > self.size_bytes // _STRANGERS_FRACTION:
            return Exhausted("exhausted", self.size_bytes // _STRANGERS_FRACTION)
        if self._used_bytes + size_bytes > self.size_bytes:
            return Exhausted("exhausted", self.size_bytes)
        self._add(size_bytes, client)
        return None

    def give_back(self, size_bytes: int, client: Client) -> None:
        """Gives back so many of those that were taken for ``client``."""
        self._add(-size_bytes, client)

    def _add(self, size_bytes: int, client: Client) -> None:
        self._used_bytes += size_bytes
        if not client.is_identified:
            self._strangers_bytes += size_bytes
        used = self._by_client.get(client, 0) + size_bytes
        if used:
            self._by_client[client] = used
        else:
            self._by_client.pop(client, None)
