"""W3C Trace Context (https://www.w3.org/TR/trace-context/): the part that travels in `traceparent`."""

import re
from dataclasses import dataclass

from service_kit.random_ids import random_hex

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where in which trace we are: ids in lower-case hexadecimal (32 and 16 digits), flags in 2."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def continue_trace(traceparent: str | None) -> TraceContext:
    """A span in the trace that `traceparent` names, or in a new trace if it is absent or malformed."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None or ((traceparent or "").startswith("00") and match[4]):
        return TraceContext(random_hex(32), random_hex(16))
    return TraceContext(match[1], random_hex(16), match[3])
