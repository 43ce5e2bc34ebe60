"""Which responses a client lets lie, though it could take them."""

from collections.abc import Mapping
from typing import Protocol


class Buffer(Protocol):
    """What of one response waits for room in HTTP/2's windows."""

    buffer: bytearray


class Stalls:
    """Remembers since when each buffer has not become shorter."""

    def __init__(self, send_timeout_s: float) -> None:
        self._send_timeout_s = send_timeout_s
        self._seen: dict[int, tuple[int, float]] = {}

    def look(self, buffers: Mapping[int, Buffer], now: float) -> bool:
        """Whether one of them has been waiting, as long as it is, for too long; to be asked every now and then."""
        seen: dict[int, tuple[int, float]] = {}
        for stream_id, buffer in buffers.items():
            length = len(buffer.buffer)
            if length:
                before = self._seen.get(stream_id)
                seen[stream_id] = before if before is not None and before[0] == length else (length, now)
        self._seen = seen
        return any(now - since > self._send_timeout_s for _, since in seen.values())
