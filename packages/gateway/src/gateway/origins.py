"""Web origins, as browsers send them (https://fetch.spec.whatwg.org/#origin-header)."""

import re
from collections.abc import Iterable

# "null" and "*" are no origins: any sandboxed frame is "null", and "*" is every page.
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


def parse_origins(texts: Iterable[str]) -> frozenset[str]:
    """Returns origins in the form that browsers send: scheme, host, and the port unless it is the default.

    Raises:
        ValueError: names those that are no origin, "*" and "null" among them.
    """
    origins = frozenset(text.strip().rstrip("/").lower() for text in texts)
    if wrong := sorted(origin for origin in origins if not _ORIGIN.fullmatch(origin)):
        raise ValueError(f"not an origin like https://app.example.com: {', '.join(wrong)}")
    return origins
