"""Headers and claims that are not JSON objects, or not for every parser (RFC 8259)."""

from tests.examples.forgeries.signer import Forge

_WHOLE: dict[str, bytes] = {
    "one space": b" ",
    "null": b"null",
    "a list": b"[]",
    "an object in a list": b"[{}]",
    "a number": b"3",
    "a text": b'"text"',
    "bytes": b"\xff\xfe\xfd",
    "deeply nested": b"[" * 5000,
    "a huge integer": b"9" * 5000,
}


def _whole(text: bytes) -> dict[str, Forge]:
    return {
        "header": lambda signer: signer.sign(text, signer.claims_text),
        "claims": lambda signer: signer.sign(signer.header_text, text),
    }


def _altered(before: bytes, start: int, end: int | None, after: bytes) -> dict[str, Forge]:
    """Returns forges with the slice of the valid text, and something before and after it."""
    return {
        "header": lambda signer: signer.sign(before + signer.header_text[start:end] + after, signer.claims_text),
        "claims": lambda signer: signer.sign(signer.header_text, before + signer.claims_text[start:end] + after),
    }


def _member(text: bytes) -> dict[str, Forge]:
    return _altered(b"", 0, -1, b"," + text + b"}")


_FORGES: dict[str, dict[str, Forge]] = {
    **{name: _whole(text) for name, text in _WHOLE.items()},
    "with a byte order mark": _altered(b"\xef\xbb\xbf", 0, None, b""),
    "cut short": _altered(b"", 0, -1, b""),
    "with a second object": _altered(b"", 0, None, b"{}"),
    "with NUL at the end": _altered(b"", 0, None, b"\0"),
    "with a comma at the end": _altered(b"", 0, -1, b",}"),
    "with a comment": _altered(b"/**/", 0, None, b""),
    "with a form feed": _altered(b"\f", 0, None, b""),
    "with NaN": _member(b'"x":NaN'),
    "with Infinity": _member(b'"x":Infinity'),
    "with -Infinity": _member(b'"x":-Infinity'),
    "with a leading zero": _member(b'"x":01'),
    "with single quotes": _member(b"'x':1"),
    "with a control character": _member(b'"x":"\x01"'),
    "with Latin-1": _member(b'"x":"\xe9"'),
    "with overlong UTF-8": _member(b'"x":"\xc0\xae"'),
    "with a surrogate in UTF-8": _member(b'"x":"\xed\xa0\x80"'),
    "with a name twice": _member(b'"x":1,"x":1'),
    "with a name twice, once escaped": _member(b'"x":1,"\\u0078":1'),
    "with a name twice, deep inside": _member(b'"x":[{"y":1,"y":1}]'),
    "with a role twice": _member(b'"role":"admin","role":"admin"'),
    "with an integer of 5000 digits": _member(b'"x":' + b"9" * 5000),
    "with 2500 lists in a list": _member(b'"x":' + b"[" * 2500 + b"]" * 2500),
    "in UTF-16": {
        "header": lambda signer: signer.sign(signer.header_text.decode().encode("utf-16"), signer.claims_text),
        "claims": lambda signer: signer.sign(signer.header_text, signer.claims_text.decode().encode("utf-16")),
    },
}

TEXTS: dict[str, Forge] = {
    f"{place} {name}": forge for name, places in _FORGES.items() for place, forge in places.items()
}
