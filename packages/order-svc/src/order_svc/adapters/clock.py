"""The system clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Returns the current time, in UTC, to the microsecond, which is PostgreSQL's resolution."""
    return datetime.now(UTC)
