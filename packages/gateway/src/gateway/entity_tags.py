"""Entity tags (RFC 9110, 8.8.3), and the lists of them in `If-Match` and `If-None-Match` (13.1).

The tag of a resource is its version, `"7"`. A compressed answer has other bytes, so it has a tag of its own, `"7-gzip"`
(8.8.3.3): strong as well, for a client must be able to send in `If-Match` what it was given. Both name version 7.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# An element of a list may be empty (5.6.1.2). A tag holds no space, and no quotation mark.
_ELEMENT = re.compile(rb'[ \t]*+(?:(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*+)"[ \t]*+)?+(?:,|\Z)')
_VERSION = re.compile(rb"([1-9][0-9]{0,18})(?:-gzip)?")
#: The largest version that a contract can hold, in an int64.
_MAX_VERSION = 2**63 - 1


class EntityTagError(ValueError):
    """The field is neither `*` nor a list of entity tags."""

    def __init__(self) -> None:
        super().__init__('must be * or a list of entity tags, such as "1", "2"')


@dataclass(frozen=True, slots=True)
class EntityTag:
    """One tag of a list. opaque: what stands between the quotation marks."""

    opaque: bytes
    is_weak: bool

    @property
    def version(self) -> int | None:
        """The version that it names; None: it is no tag of a version."""
        match = _VERSION.fullmatch(self.opaque)
        version = int(match[1]) if match is not None else 0
        return version if 0 < version <= _MAX_VERSION else None


class EntityTags(tuple[EntityTag, ...]):
    """A list of tags."""

    __slots__ = ()

    def of_version(self, version: int | None, *, weak: bool) -> EntityTag | None:
        """Returns the first tag that names ``version``; None: there is none.

        Args:
            version: of the resource; None: it has no version, and no tag matches.
            weak: whether a weak tag counts (weak comparison, 8.8.3.2).
        """
        for tag in self:
            if version is not None and tag.version == version and (weak or not tag.is_weak):
                return tag
        return None


def parse_tags(fields: Iterable[bytes]) -> EntityTags | None:
    """Returns the tags of a field that may have come in several lines; None: it is `*`, any version.

    Raises:
        EntityTagError: it is neither.
    """
    text = b",".join(fields)
    if text.strip(b" \t") == b"*":
        return None
    tags: list[EntityTag] = []
    position = 0
    while position < len(text):
        match = _ELEMENT.match(text, position)
        if match is None:
            raise EntityTagError
        position = match.end()
        if match["opaque"] is not None:
            tags.append(EntityTag(match["opaque"], is_weak=match["weak"] is not None))
    return EntityTags(tags)


def tag_of(version: int) -> bytes:
    """Returns the tag of a version, as `ETag` carries it."""
    return b'"%d"' % version


def tag_of_coding(tag: bytes, coding: bytes) -> bytes:
    """Returns the tag of an answer once ``coding`` is applied to it; a weak one stays as it is."""
    return tag if tag.startswith(b"W/") else b'%s-%s"' % (tag[:-1], coding)
