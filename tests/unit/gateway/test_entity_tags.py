"""Entity tags and lists of them, as RFC 9110 spells them."""

from contextlib import suppress
from time import thread_time

import pytest
from gateway.entity_tags import EntityTag, EntityTagError, EntityTags, parse_tags, tag_of, tag_of_coding
from hypothesis import given
from hypothesis import strategies as st

OPAQUE = st.lists(st.sampled_from([*range(0x21, 0x22), *range(0x23, 0x7F), *range(0x80, 0x100)]), max_size=8).map(bytes)
TAGS = st.lists(st.builds(EntityTag, OPAQUE, st.booleans()), max_size=6)


def _written(tag: EntityTag) -> bytes:
    return (b"W/" if tag.is_weak else b"") + b'"' + tag.opaque + b'"'


@given(TAGS, st.sampled_from([b",", b", ", b" ,\t", b",,", b", ,"]), st.integers(min_value=0, max_value=6))
def test_any_list_is_read_as_it_was_written(tags: list[EntityTag], comma: bytes, cut: int) -> None:
    lines = [comma.join(map(_written, part)) for part in (tags[:cut], tags[cut:])]
    assert parse_tags(lines) == EntityTags(tags)
    assert parse_tags([comma.join(map(_written, tags))]) == EntityTags(tags)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=3))
def test_any_bytes_are_tags_or_refused(lines: list[bytes]) -> None:
    with suppress(EntityTagError):
        parse_tags(lines)


@pytest.mark.parametrize("text", [b"*", b" * ", b"*\t"])
def test_any_version(text: bytes) -> None:
    assert parse_tags([text]) is None


@pytest.mark.parametrize(
    "text",
    [
        *[b"1", b"abc", b'"', b'"1', b'1"', b"'1'", b'" 1"', b'w/"1"', b'W/ "1"', b"W/1", b'"1" "2"', b'"1";"2"'],
        *[b"**", b"*, *", b'"1", *', b'*, "1"', b'"1\x7f"', b'"\x01"'],
    ],
)
def test_refuses_what_is_no_list_of_tags(text: bytes) -> None:
    with pytest.raises(EntityTagError):
        parse_tags([text])


def test_an_asterisk_in_one_of_two_lines_is_refused() -> None:
    with pytest.raises(EntityTagError):
        parse_tags([b"*", b'"1"'])


@pytest.mark.parametrize(
    ("opaque", "version"),
    [
        *[(b"1", 1), (b"1-gzip", 1), (b"9223372036854775807", 2**63 - 1)],
        *[(b"", None), (b"0", None), (b"01", None), (b"+1", None), (b"1.0", None), (b"-1", None), (b"1-br", None)],
        *[(b"9223372036854775808", None), (b"9" * 40, None), (b"1-gzip-gzip", None), (b"\xb9", None), (b"1_0", None)],
    ],
)
def test_the_version_that_a_tag_names(opaque: bytes, version: int | None) -> None:
    assert EntityTag(opaque, is_weak=False).version == version


def test_weak_and_strong_comparison() -> None:
    tags = parse_tags([b'"3", W/"1-gzip", "1"'])
    assert tags is not None
    assert tags.of_version(1, weak=True) == EntityTag(b"1-gzip", is_weak=True)
    assert tags.of_version(1, weak=False) == EntityTag(b"1", is_weak=False)
    assert tags.of_version(2, weak=True) is None
    assert tags.of_version(None, weak=True) is None


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_what_a_client_gets_names_the_version_compressed_or_not(version: int) -> None:
    for tag in (tag_of(version), tag_of_coding(tag_of(version), b"gzip")):
        tags = parse_tags([tag])
        assert tags is not None
        assert tags.of_version(version, weak=False) is not None
    assert tag_of(version) != tag_of_coding(tag_of(version), b"gzip")


def test_a_weak_tag_is_the_same_for_every_coding() -> None:
    assert tag_of_coding(b'W/"1"', b"gzip") == b'W/"1"'


@pytest.mark.parametrize("pattern", [" ", '"', ",", '"a",', "W/", 'W/"', '"a" , '])
def test_the_time_to_read_grows_with_the_length_and_no_faster(pattern: str) -> None:
    def seconds(size: int) -> float:
        """Processor time of this thread, the least of several runs: another process does not add to it."""
        text = pattern * (size // len(pattern)) + "x"
        taken = []
        for _ in range(5):
            begin = thread_time()
            with suppress(EntityTagError):
                parse_tags([text.encode()])
            taken.append(thread_time() - begin)
        return min(taken)

    # Sixteen times the length takes some sixteen times as long; the square of that would be 256.
    assert seconds(256_000) < 100 * max(seconds(16_000), 50e-6)
