"""Times as text."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from gateway.transcoding.mismatch import ValueMismatch
from gateway.transcoding.timestamps import Moment, parse_time
from hypothesis import given
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
_TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=_OFFSETS)  # noqa: DTZ001


@given(_TIMES)
def test_a_time_with_any_offset_is_its_moment(time: datetime) -> None:
    seconds, rest = divmod(time - EPOCH, timedelta(seconds=1))
    assert parse_time(time.isoformat()) == Moment(seconds, rest.microseconds * 1000)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", Moment(0, 0)),
        ("1970-01-01t00:00:00z", Moment(0, 0)),
        ("1970-01-01T00:00:00-00:00", Moment(0, 0)),
        ("1970-01-01T01:00:00+01:00", Moment(0, 0)),
        ("1969-12-31T23:59:59.999999999Z", Moment(-1, 999_999_999)),
        ("2000-02-29T23:59:59.5Z", Moment(951_868_799, 500_000_000)),
        ("2000-01-01T00:00:00.000000001Z", Moment(946_684_800, 1)),
        ("0001-01-01T00:00:00Z", Moment(-62_135_596_800, 0)),
        ("9999-12-31T23:59:59.999999999Z", Moment(253_402_300_799, 999_999_999)),
        ("0001-01-01T00:00:00-23:59", Moment(-62_135_596_800 + 86_340, 0)),
    ],
)
def test_times(text: str, moment: Moment) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "format"),
        ("now", "format"),
        ("1700000000", "format"),
        ("2026-11-23", "format"),
        ("2026-11-23T10:00Z", "format"),
        ("2026-11-23T10:00:00", "format"),
        ("2026-11-23 10:00:00Z", "format"),
        ("2026-11-23T10:00:00.Z", "format"),
        ("2026-11-23T10:00:00,5Z", "format"),
        ("2026-11-23T10:00:00.1234567890Z", "format"),
        ("2026-11-23T10:00:00+01", "format"),
        ("2026-11-23T10:00:00+0100", "format"),
        ("2026-11-23T10:00:00+24:00", "format"),
        ("2026-11-23T10:00:00+01:60", "format"),
        ("2026-11-23T10:00:00 01:00", "format"),
        ("2026-11-23T10:00:00\u221201:00", "format"),
        ("20261123T100000Z", "format"),
        ("2026-W48-1T10:00:00Z", "format"),
        ("2026-11-23T10:00:00Z\n", "format"),
        (" 2026-11-23T10:00:00Z", "format"),
        ("٢٠٢٦-11-23T10:00:00Z", "format"),
        ("2026-02-29T10:00:00Z", "format"),
        ("2026-13-01T10:00:00Z", "format"),
        ("2026-11-23T24:00:00Z", "format"),
        ("2026-11-23T10:60:00Z", "format"),
        ("2016-12-31T23:59:60Z", "format"),
        ("-001-01-01T00:00:00Z", "format"),
        ("12026-11-23T10:00:00Z", "format"),
        ("0000-06-01T00:00:00Z", "range"),
        ("0001-01-01T00:00:00+00:01", "range"),
        ("9999-12-31T23:59:59-00:01", "range"),
    ],
)
def test_no_times(text: str, rule: str) -> None:
    with pytest.raises(ValueMismatch) as mismatch:
        parse_time(text)
    assert mismatch.value.rule == f"timestamp.{rule}"


def test_a_plus_that_became_a_space_is_explained() -> None:
    with pytest.raises(ValueMismatch, match="%2B"):
        parse_time("2026-11-23T10:00:00 01:00")


@given(st.text(max_size=40) | st.from_regex(re.compile(r"[0-9T:.Z+-]{10,30}"), fullmatch=True))
def test_any_text_is_a_time_or_a_mismatch(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueMismatch:
        return
    assert moment.seconds in range(-62_135_596_800, 253_402_300_800)
    assert moment.nanos in range(10**9)
