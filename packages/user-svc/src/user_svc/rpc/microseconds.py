"""Times as whole microseconds since 1970, the precision of the database."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """OverflowError: beyond the years 1 to 9999."""
    return _EPOCH + microseconds * _MICROSECOND
