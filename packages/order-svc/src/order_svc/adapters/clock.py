"""The time of day."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC, to the microsecond: PostgreSQL's own resolution."""
    return datetime.now(UTC)
