"""Size limits of a request's head, for every version of HTTP."""

from dataclasses import dataclass

from gateway.problems import Problem


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """The limits that the application checks. The server reads no longer target, and twice the header fields."""

    #: Of the request target (RFC 9112, 3.2), as it is sent.
    max_target_bytes: int
    #: The number of fields.
    max_headers: int
    #: The size of all fields together, as HTTP/1.1 encodes them.
    max_header_bytes: int

    def target_too_long(self) -> Problem:
        """Returns the answer to a longer target."""
        return Problem(414, "TARGET_TOO_LONG", f"A request target may have at most {self.max_target_bytes} bytes.")

    def too_many_fields(self) -> Problem:
        """Returns the answer to more header fields."""
        return Problem(431, "HEADERS_TOO_LARGE", f"At most {self.max_headers} header fields are accepted.")

    def fields_too_large(self) -> Problem:
        """Returns the answer to larger header fields."""
        return Problem(431, "HEADERS_TOO_LARGE", f"At most {self.max_header_bytes} bytes of headers are accepted.")
