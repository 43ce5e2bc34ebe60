"""How long the parts of a request's head may be, for every version of HTTP."""

from dataclasses import dataclass

from gateway.problems import Problem


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """The limits that the application checks. The server itself reads no longer target, and twice the header fields.

    max_target_bytes: of the request target (RFC 9112, 3.2), as it is sent.
    max_headers: the number of fields. max_header_bytes: their size together, as HTTP/1.1 spells them.
    """

    max_target_bytes: int
    max_headers: int
    max_header_bytes: int

    def target_too_long(self) -> Problem:
        """The answer to a longer target."""
        return Problem(414, "TARGET_TOO_LONG", f"A request target may have at most {self.max_target_bytes} bytes.")

    def too_many_fields(self) -> Problem:
        """The answer to more header fields."""
        return Problem(431, "HEADERS_TOO_LARGE", f"At most {self.max_headers} header fields are accepted.")

    def fields_too_large(self) -> Problem:
        """The answer to larger header fields."""
        return Problem(431, "HEADERS_TOO_LARGE", f"At most {self.max_header_bytes} bytes of headers are accepted.")
