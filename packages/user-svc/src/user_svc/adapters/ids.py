"""Ids of users and tokens."""

import uuid_utils


def new_id() -> str:
    """A UUIDv7 (RFC 9562): it sorts by time, so that indexes grow at their end. Lower-case, hyphenated."""
    return str(uuid_utils.uuid7())
