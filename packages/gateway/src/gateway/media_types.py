"""The media type of a request's body (RFC 9110, 8.3), and the answer to one that is not JSON."""

import re
from collections.abc import Iterable

from gateway.problems import Problem
from gateway.request_headers import every

_JSON = b"application/json"
#: What nearly every client sends.
_USUAL = frozenset({_JSON, b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
#: `utf8` is no name of a character set, but clients send it, and it can mean nothing else.
_UTF_8 = frozenset({b"utf-8", b"utf8"})

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
_TYPE = re.compile(rb"[ \t]*+(%s/%s)" % (_TOKEN, _TOKEN))
# Between two semicolons, a parameter may be missing (5.6.6).
_PARAMETER = re.compile(rb"[ \t]*+;[ \t]*+(?:(?P<name>%s)=(?P<value>%s|%s))?+" % (_TOKEN, _TOKEN, _QUOTED))
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def is_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Returns whether the body is declared as JSON in UTF-8, by exactly one `Content-Type`."""
    fields = every(headers, b"content-type")
    return len(fields) == 1 and (fields[0] in _USUAL or _is_json(fields[0]))


def unsupported(http_method: str, detail: str) -> Problem:
    """Returns a 415 that says what is taken instead.

    `Accept` and `Accept-Encoding` do so for any request (RFC 9110, 12.5.1 and 12.5.3), `Accept-Patch` for PATCH
    (RFC 5789, 2.2), `Accept-Post` for POST (https://www.w3.org/TR/ldp/#header-accept-post).
    """
    headers = [(b"accept", _JSON), (b"accept-encoding", b"identity"), *accepted_by(http_method)]
    return Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail, headers=headers)


def accepted_by(*http_methods: str) -> list[tuple[bytes, bytes]]:
    """Returns the header fields that name the media types of the bodies of PATCH and POST."""
    names = {"PATCH": b"accept-patch", "POST": b"accept-post"}
    return [(names[method], _JSON) for method in http_methods if method in names]


def _is_json(text: bytes) -> bool:
    match = _TYPE.match(text)
    if match is None or match[1].lower() != _JSON:
        return False
    position = match.end()
    while parameter := _PARAMETER.match(text, position):
        position = parameter.end()
        if (parameter["name"] or b"").lower() == b"charset" and _unquoted(parameter["value"]).lower() not in _UTF_8:
            return False
    return not text[position:].strip(b" \t")


def _unquoted(value: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", value[1:-1]) if value.startswith(b'"') else value
