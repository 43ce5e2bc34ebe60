"""Fresh order ids."""

from uuid_utils import uuid7


def new_order_id() -> str:
    """A UUIDv7 (RFC 9562), which sorts by age: new rows go to the right edge of the index."""
    return str(uuid7())
