"""Ids of users and tokens."""

import uuid_utils


def new_id() -> str:
    """Returns a UUIDv7 (RFC 9562) in lower case with hyphens. It sorts by time, so that indexes grow at their end."""
    return str(uuid_utils.uuid7())
