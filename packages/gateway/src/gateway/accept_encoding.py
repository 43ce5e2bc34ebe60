"""Parses Accept-Encoding (RFC 9110, 12.5.3)."""

from collections.abc import Iterable
from functools import lru_cache

from gateway.request_headers import every

#: The longest of a real browser has 30 bytes. A longer field is ignored, and the response is not compressed.
_MAX_BYTES = 512


def accepts_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Returns whether gzip has a weight over 0, by its name or else by `*`."""
    accepted = b",".join(every(headers, b"accept-encoding"))
    return len(accepted) <= _MAX_BYTES and _accepts_gzip(accepted)


@lru_cache(maxsize=256)
def _accepts_gzip(accept_encoding: bytes) -> bool:
    weights: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weights["gzip" if coding == "x-gzip" else coding] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
