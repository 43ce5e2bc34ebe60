"""New ids of orders."""

from uuid_utils import uuid7


def new_id() -> str:
    """Returns a UUIDv7 (RFC 9562) in lower case: it sorts by time, so that indexes grow at their end."""
    return str(uuid7())
