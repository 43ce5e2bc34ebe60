"""Requests that are expensive by design: bodies of a given size, header fields and targets of the largest size."""

from collections.abc import Callable

Headers = list[tuple[bytes, bytes]]


def _repeated(unit: bytes, before: bytes = b'{"a":[', after: bytes = b"0]}") -> Callable[[int], bytes]:
    """Returns a body of as many units as fit between ``before`` and ``after``."""

    def body(size: int) -> bytes:
        return before + unit * ((size - len(before) - len(after)) // len(unit)) + after

    return body


def _names(size: int) -> bytes:
    return b"{" + b",".join(b'"%x":1' % number for number in range(size // 10)) + b"}"


#: Bodies by their content; each function receives the largest size in bytes.
BODIES: dict[str, Callable[[int], bytes]] = {
    "empty objects": _repeated(b"{},"),
    "empty objects as lines": _repeated(b"{},", b'{"lines":[', b"{}]}"),
    "small lines": _repeated(b'{"sku":"","quantity":0},', b'{"lines":[', b"{}]}"),
    "unknown fields": _repeated(b'{"x":0},', b'{"lines":[', b"{}]}"),
    "empty lists": _repeated(b"[],"),
    "small numbers": _repeated(b"0,"),
    "fractions": _repeated(b"0.5,"),
    "empty strings": _repeated(b'"",'),
    "words": _repeated(b"null,"),
    "nested lists": _repeated(b"["),
    "nested objects": _repeated(b'{"a":', b""),
    "nested in parts": _repeated(b"[[[[[[]]]]]],"),
    "names": _names,
    "one name": _repeated(b'"a":1,', b"{", b'"a":1}'),
    "a long string": _repeated(b"x", b'{"currency":"', b'"}'),
    "a long name": _repeated(b"x", b'{"', b'":1}'),
    "a long email": _repeated(b"a.", b'{"email":"a@', b'"}'),
    "escapes of characters": _repeated(rb"\u0041", b'{"currency":"', b'"}'),
    "escapes of surrogates": _repeated(rb"\ud83e\udd80", b'{"currency":"', b'"}'),
    "escapes of line feeds": _repeated(rb"\n", b'{"currency":"', b'"}'),
    "escaped quotation marks": _repeated(rb"\"", b'{"currency":"', b'"}'),
    "backslashes": _repeated(b"\\"),
    "quotation marks": _repeated(b'"'),
    "strings in a row": _repeated(b'"" '),
    "brackets in a string": _repeated(b"[{,", b'{"currency":"', b'"}'),
    "blanks": _repeated(b" "),
    "line feeds": _repeated(b"\n"),
    "digits": _repeated(b"9", b'{"a":', b"}"),
    "a long fraction": _repeated(b"3", b'{"a":0.', b"}"),
    "a long exponent": _repeated(b"9", b'{"a":1e', b"}"),
    "long numbers": _repeated(b"9" * 4000 + b","),
    "crabs": _repeated("🦀".encode(), b'{"currency":"', b'"}'),
    "no UTF-8": _repeated(b"\xff", b'{"currency":"', b'"}'),
    "commas": _repeated(b",", b"", b""),
    "form fields": _repeated(b"a=b&", b"", b""),
}

#: Just below the limit of all header fields together.
_FIELD_BYTES = 15 * 1024


def _field(name: bytes, unit: bytes, before: bytes = b"") -> Headers:
    return [(name, before + unit * ((_FIELD_BYTES - len(before)) // len(unit)))]


#: Header fields by their content.
FIELDS: dict[str, Headers] = {
    "accept-encoding": _field(b"accept-encoding", b","),
    "accept-encoding with weights": _field(b"accept-encoding", b"a;q=1,"),
    "accept-encoding with parameters": _field(b"accept-encoding", b";", b"gzip"),
    "accept": _field(b"accept", b"a/b;q=0.1,"),
    "cookies": _field(b"cookie", b"a=b;"),
    "empty cookies": _field(b"cookie", b";"),
    "forwarded addresses": _field(b"x-forwarded-for", b"1.2.3.4,"),
    "entity tags": _field(b"if-none-match", b'"1",'),
    "empty entity tags": _field(b"if-none-match", b","),
    "entity tags to match": _field(b"if-match", b'W/"1",'),
    "a quotation mark each": _field(b"if-match", b'"'),
    "trace state": [*_field(b"tracestate", b"a=b,"), (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")],
    "a long token": _field(b"authorization", b"a.", b"Bearer "),
    "blanks in authorization": _field(b"authorization", b" ", b"Bearer"),
    "media type parameters": _field(b"content-type", b";a=b", b"application/json"),
    "a quoted parameter": _field(b"content-type", b'\\"', b'application/json;a="'),
    "request id": _field(b"x-request-id", b"eyJ"),
    "user agent": _field(b"user-agent", b"eyJ.A"),
    "time-out": _field(b"request-timeout", b"9"),
    "many fields": [(b"x-%d" % number, b"x" * 140) for number in range(95)],
}

#: Just below the limit of a request target.
_TARGET_BYTES = 8 * 1024 - 64


def _target(unit: bytes, before: bytes) -> bytes:
    return before + unit * ((_TARGET_BYTES - len(before)) // len(unit))


#: Paths and queries by their content.
TARGETS: dict[str, bytes] = {
    "segments": _target(b"/a", b""),
    "slashes": _target(b"/", b"/"),
    "encoded slashes": _target(b"%2F", b"/api/v1/orders/"),
    "encoded percent signs": _target(b"%25", b"/api/v1/orders/"),
    "dots": _target(b"../", b"/docs/"),
    "a long id": _target(b"a", b"/api/v1/orders/"),
    "a token": _target(b"eyJ.", b"/api/v1/orders/"),
    "parameters": _target(b"a&", b"/api/v1/orders?"),
    "equal parameters": _target(b"status=done&", b"/api/v1/orders?"),
    "a long parameter": _target(b"%61", b"/api/v1/orders?page_token="),
    "no UTF-8": _target(b"%ff", b"/api/v1/orders?page_token="),
    "a long number": _target(b"9", b"/api/v1/orders?page_size="),
}
