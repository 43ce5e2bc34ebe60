"""The id that follows one request through every process and log line."""

import re

from service_kit.telemetry.random_ids import random_hex

_VALID = re.compile(r"[\x21-\x7e]{1,128}")


def keep_or_mint(candidate: str | None) -> str:
    """The caller's request id if it is 1 to 128 visible ASCII characters, else a new one (32 hexadecimal digits)."""
    return candidate if candidate is not None and _VALID.fullmatch(candidate) else random_hex(32)
