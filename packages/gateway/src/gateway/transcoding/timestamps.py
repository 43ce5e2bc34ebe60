"""Times as text: RFC 3339, section 5.6, read strictly into google.protobuf.Timestamp, and written in UTC."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from gateway.transcoding.mismatch import ValueMismatch

# Seconds go to 59: a Timestamp has no leap seconds. "T" and "Z" may be small, as RFC 3339 has it.
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
#: What a query makes of an offset whose plus sign was not percent-encoded.
_SPACE_FOR_PLUS = re.compile(r" [0-9]{2}:[0-9]{2}\Z")
_OUT_OF_RANGE = ("timestamp.range", "must be in the years 1 to 9999 of UTC")
_NANO_DIGITS = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Moment(NamedTuple):
    """What a Timestamp holds: seconds since 1970 in UTC, and nanoseconds from there on."""

    seconds: int
    nanos: int


def parse_time(text: str) -> Moment:
    """The moment that ``text`` names, with any offset, to the nanosecond.

    ValueMismatch: it is no time in this form, on a day that no calendar has, or outside of what a Timestamp holds.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueMismatch("timestamp.format", _no_time(text))
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    if not year:
        raise ValueMismatch(*_OUT_OF_RANGE)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except OverflowError as exc:
        raise ValueMismatch(*_OUT_OF_RANGE) from exc
    except ValueError as exc:
        raise ValueMismatch("timestamp.format", "must be a day of the calendar and a time of the day") from exc
    return Moment((moment - _EPOCH) // _SECOND, int((fraction or "").ljust(_NANO_DIGITS, "0")))


def _no_time(text: str) -> str:
    if _SPACE_FOR_PLUS.search(text):
        return 'has a space where an offset begins: in a query, "+" must be written as "%2B"'
    return "must be a time of RFC 3339 with an offset, such as 2026-11-23T10:00:00.5Z"


def written_time(value: Any) -> datetime:
    """The time of a Timestamp as orjson prints it; what is finer than a microsecond is cut off."""
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
