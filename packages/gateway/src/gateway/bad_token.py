"""The refusal of an invalid access token, also of one that is too long to be read."""

from service_kit.tokens.compact import MAX_TOKEN_BYTES

from gateway.problems import Decision, Problem

_FIELD = b"authorization:"
_SCHEME_BYTES = len("Bearer ")


def token_invalid(detail: str) -> Problem:
    """Returns the 401 for a token that is not accepted."""
    return Problem(401, "TOKEN_INVALID", detail, decision=Decision("authentication", "invalid"))


def token_too_long() -> Problem:
    """Returns the 401 for header fields that are too large because of a token of impossible length."""
    return token_invalid(f"No access token has more than {MAX_TOKEN_BYTES} bytes.")


def is_too_long(authorization: bytes) -> bool:
    """Returns whether the value of an Authorization field is longer than any access token of the platform."""
    return len(authorization) > _SCHEME_BYTES + MAX_TOKEN_BYTES


def begins_too_long_token(head: bytes) -> bool:
    """Returns whether received HTTP/1.1 header lines contain such a field; the last line may be incomplete."""
    lines = (line for line in head.split(b"\r\n") if line[: len(_FIELD)].lower() == _FIELD)
    return any(is_too_long(line[len(_FIELD) :].strip()) for line in lines)
