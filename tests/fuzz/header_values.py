"""Header fields that the gateway parses itself: no value raises an error or takes long."""

from contextlib import suppress

from gateway.accept_encoding import accepts_gzip
from gateway.entity_tags import EntityTagError, parse_tags
from gateway.media_types import is_json
from hypothesis import strategies as st

from tests.fuzz.target import Target

_PIECES = [
    b'"',
    b'"1"',
    b'W/"1"',
    b"W/",
    b"*",
    b",",
    b";",
    b"=",
    b" ",
    b"\t",
    b"\\",
    b'\\"',
    b"q=",
    b"0.5",
    b"gzip",
    b"x",
]
_PIECES += [b"application/json", b"charset=", b"utf-8", b"\xff", b"\x00"]
#: Up to 16 KiB, the limit of all fields together.
_VALUES = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=12).map(b"".join),
    st.tuples(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=3).map(b"".join), st.integers(1, 16_384)).map(
        lambda parts: (parts[0] * parts[1])[:16_384]
    ),
    st.binary(max_size=200),
)


async def _feed(values: list[bytes]) -> None:
    with suppress(EntityTagError):
        tags = parse_tags(values)
        assert tags is None or all(len(tag.opaque) < sum(map(len, values)) for tag in tags)
    is_json([(b"content-type", value) for value in values])
    accepts_gzip([(b"accept-encoding", value) for value in values])


TARGET = Target(name="header_values", inputs=st.lists(_VALUES, min_size=1, max_size=2), feed=_feed)
