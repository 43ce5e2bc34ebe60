"""The id that identifies one request in all processes and log lines."""

import re

from service_kit.telemetry.random_ids import random_hex

_VALID = re.compile(r"[\x21-\x7e]{1,128}")


def keep_or_mint(candidate: str | None) -> str:
    """Returns the caller's request id if it is 1 to 128 visible ASCII characters, else a new one of 32 hex digits."""
    return candidate if candidate is not None and _VALID.fullmatch(candidate) else random_hex(32)
