"""What is said of an access token that is no good, and when that can be said unread."""

from service_kit.tokens.compact import MAX_TOKEN_BYTES

from gateway.problems import Decision, Problem

_FIELD = b"authorization:"
_SCHEME_BYTES = len("Bearer ")


def token_invalid(detail: str) -> Problem:
    """Returns the 401 for a token that is not valid for any reason but its expiry."""
    return Problem(401, "TOKEN_INVALID", detail, decision=Decision("authentication", "invalid"))


def token_too_long() -> Problem:
    """401 where all header fields together are too long, but for a token that could not be one anyway."""
    return token_invalid(f"No access token has more than {MAX_TOKEN_BYTES} bytes.")


def is_too_long(authorization: bytes) -> bool:
    """Whether the value of an Authorization field is longer than any token that user-svc issues."""
    return len(authorization) > _SCHEME_BYTES + MAX_TOKEN_BYTES


def begins_too_long_token(head: bytes) -> bool:
    """Whether such a field is among those of HTTP/1.1 that have come so far; the last may go on."""
    lines = (line for line in head.split(b"\r\n") if line[: len(_FIELD)].lower() == _FIELD)
    return any(is_too_long(line[len(_FIELD) :].strip()) for line in lines)
