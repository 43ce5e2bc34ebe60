"""W3C Trace Context (https://www.w3.org/TR/trace-context/): the headers `traceparent` and `tracestate`."""

import re
from dataclasses import dataclass

from service_kit.telemetry.random_ids import random_hex

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
#: A longer one, or one with more members, need not be propagated (section 3.3.1.5).
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_MOST_MEMBERS = 32
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The current position in a trace: ids in lower-case hexadecimal (32 and 16 digits), flags in 2 digits.

    parent_id: the caller's span; empty if the trace begins in this process.
    state: the caller's `tracestate`, unchanged; empty if there was none.
    """

    trace_id: str
    span_id: str
    flags: str = "00"
    parent_id: str = ""
    state: str = ""

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def sampled(self) -> bool:
        """Whether the caller records the trace."""
        return bool(int(self.flags, 16) & _SAMPLED)


def continue_trace(traceparent: str | None, tracestate: str | None = None) -> TraceContext:
    """Returns a span in the trace of ``traceparent``, or in a new trace if that is absent or malformed.

    tracestate: its fields, joined by commas; a malformed one is dropped, and the trace continues without it.
    """
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None or ((traceparent or "").startswith("00") and match[4]):
        return TraceContext(random_hex(32), random_hex(16))
    state = tracestate or ""
    if state and (not _TRACESTATE.fullmatch(state) or state.count(",") >= _MOST_MEMBERS):
        state = ""
    return TraceContext(match[1], random_hex(16), match[3], match[2], state)
