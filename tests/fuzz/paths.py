"""Request paths in the router: a match corresponds to the path segment by segment."""

from urllib.parse import quote, unquote_to_bytes

from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.path_segments import PathError
from gateway.transcoding.path_template import parse_template
from gateway.transcoding.router import Match, OtherMethods, Router
from hypothesis import strategies as st

from tests.examples.contracts import headrace_contract
from tests.fuzz.target import Target

_ENDPOINTS = endpoints_of(headrace_contract())
_ROUTER = Router(_ENDPOINTS)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LITERALS = sorted({segment.text for each in _ENDPOINTS for segment in parse_template(each.path)})

_ODD = [
    "",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    "%2F",
    "%252F",
    "%",
    "%f",
    "%zz",
    "%ff",
    "%C3%A9",
    "%00",
    ";",
    "a;b=c",
    "me%20",
    "\\",
]
_SEGMENTS = st.one_of(
    st.sampled_from(_LITERALS),
    st.sampled_from(_LITERALS).map(lambda text: "".join(f"%{ord(character):02x}" for character in text)),
    st.sampled_from(_LITERALS).map(str.upper),
    st.sampled_from(_ODD),
    st.text(max_size=8).map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="")),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
_TEMPLATES = st.sampled_from([each.path for each in _ENDPOINTS]).map(lambda path: path[1:].encode().split(b"/"))
_PATHS = st.one_of(
    st.lists(_SEGMENTS, max_size=6),
    st.tuples(_TEMPLATES, st.integers(0, 5), _SEGMENTS).map(lambda parts: _replaced(*parts)),
    st.lists(st.binary(max_size=6), max_size=6),
).map(lambda segments: b"/" + b"/".join(segments))


def _replaced(segments: list[bytes], place: int, segment: bytes) -> list[bytes]:
    return [*segments[:place], segment, *segments[place + 1 :]]


async def _feed(path: bytes) -> None:
    try:
        answers = {method: _ROUTER.match(method, path) for method in _METHODS}
    except PathError:
        return
    found = {method for method, answer in answers.items() if isinstance(answer, Match)}
    for answer in answers.values():
        if isinstance(answer, Match):
            _check(answer, path)
        elif isinstance(answer, OtherMethods):
            assert set(answer.allow) == found
        else:
            assert not found


def _check(match: Match, path: bytes) -> None:
    texts = [unquote_to_bytes(segment).decode() for segment in path[1:].split(b"/")]
    assert not {".", "..", ""} & set(texts)
    for segment, text in zip(parse_template(match.endpoint.path), texts, strict=True):
        assert text == (match.path_parameters[segment.text] if segment.is_variable else segment.text)


TARGET = Target(name="paths", inputs=_PATHS, feed=_feed)
