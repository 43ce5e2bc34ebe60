"""Preconditions (RFC 9110, 13): each that comes with a request is checked or refused, and none is ignored.

GET and HEAD: `If-Match` and `If-None-Match` are compared with the version of the answer. Other methods: `If-Match` goes
to the service where the contract has a field for it (expected_versions); any other precondition is refused before
anything is done. `If-Modified-Since` and `If-Range` may be ignored by their own definition (13.1.3, 13.1.5): a client
that sends them gets the whole answer, and nothing is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service_kit.contract import Method
from service_kit.request.errors import Violation

from gateway.entity_tags import EntityTagError, EntityTags, parse_tags, tag_of
from gateway.problems import Problem
from gateway.request_headers import every
from gateway.transcoding.response_writer import Response

_IF_MATCH, _IF_NONE_MATCH, _IF_UNMODIFIED_SINCE = b"if-match", b"if-none-match", b"if-unmodified-since"
_NAMES = {_IF_MATCH: "If-Match", _IF_NONE_MATCH: "If-None-Match", _IF_UNMODIFIED_SINCE: "If-Unmodified-Since"}
#: What describes the body that a 304 does not have.
_OF_THE_BODY = frozenset({b"content-type", b"content-length"})

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a GET or HEAD demands of the version of its answer; None: `*`, an empty tuple of fields: nothing."""

    if_match: Sequence[EntityTags | None]
    if_none_match: Sequence[EntityTags | None]

    def apply(self, response: Response) -> Response:
        """Returns the answer, or a 304 in its place. Problem: it is at another version than those of `If-Match`."""
        for wanted in self.if_match:
            if wanted is not None and wanted.of_version(response.version, weak=False) is None:
                raise _mismatch(response)
        for known in self.if_none_match:
            if known is None:
                return _not_modified(response, None)
            tag = known.of_version(response.version, weak=True)
            if tag is not None:
                return _not_modified(response, b'"%s"' % tag.opaque)
        return response


def preconditions_of(method: Method, http_method: str, headers: Headers) -> Preconditions | None:
    """Returns what is to be checked once the answer is there; None: nothing.

    Raises:
        Problem: a precondition is malformed (400), or cannot be checked for this method (412).
    """
    present = {name for name, _ in headers if name in _NAMES}
    if not present:
        return None
    checked = {_IF_MATCH, _IF_NONE_MATCH} if http_method == "GET" else set()
    if method.expected_versions is not None:
        checked.add(_IF_MATCH)
    if _IF_MATCH in present:
        checked.add(_IF_UNMODIFIED_SINCE)  # of the two, If-Match alone counts (13.1.4)
    if unsupported := present - checked:
        names = " and ".join(sorted(_NAMES[name] for name in unsupported))
        detail = f"{names} cannot be checked for this request; nothing was done."
        raise Problem(412, "PRECONDITION_NOT_SUPPORTED", detail)
    if http_method != "GET":
        return None
    return Preconditions(_tags(headers, _IF_MATCH), _tags(headers, _IF_NONE_MATCH))


def _tags(headers: Headers, name: bytes) -> Sequence[EntityTags | None]:
    fields = every(headers, name)
    if not fields:
        return ()
    try:
        return (parse_tags(fields),)
    except EntityTagError as exc:
        violation = Violation(_NAMES[name], "header.format", str(exc))
        detail = f"The request is not valid: see {_NAMES[name]}."
        raise Problem(400, "INVALID_REQUEST", detail, violations=(violation,)) from exc


def _mismatch(response: Response) -> Problem:
    if response.version is None:
        return Problem(412, "PRECONDITION_NOT_SUPPORTED", "What is at this path has no version for If-Match to name.")
    return Problem(412, "VERSION_MISMATCH", f"The version is {tag_of(response.version).decode()} now.")


def _not_modified(response: Response, tag: bytes | None) -> Response:
    """A 304, with the tag under which the client knows the answer: that of its own copy, compressed or not."""
    headers = [
        (name, tag if name == b"etag" and tag is not None else value)
        for name, value in response.headers
        if name not in _OF_THE_BODY
    ]
    return replace(response, status=304, headers=headers, body=b"")
