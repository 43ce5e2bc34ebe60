"""Masks secrets in every log line: a last safeguard, because drivers quote connection strings in exceptions."""

import re

_MASK = "********"

# None of these matches a quote or a backslash: a JSON line stays valid.
_URL_PASSWORD = re.compile(r"""(?<=://)([^\s:/@"']*):[^\s/@"'\\]+@""")
# Also a truncated token: long paths are cut in the log.
_TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+){1,2}")
_CONNINFO_PASSWORD = re.compile(r"""\b(password=)('[^'"\\]*'|[^\s"'\\]+)""", re.IGNORECASE)


def redact(text: str) -> str:
    """Returns ``text`` with passwords in URLs and connection strings, and JWTs, masked."""
    # The cheap tests first: nearly no line contains any of them.
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{_MASK}@", text)
    if "eyJ" in text:
        text = _TOKEN.sub(_MASK, text)
    if "password=" in text:
        text = _CONNINFO_PASSWORD.sub(rf"\1{_MASK}", text)
    return text
