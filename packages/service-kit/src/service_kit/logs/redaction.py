"""The last net under secrets: what looks like one is masked in every line, wherever it came from.

No code of ours logs a secret; but drivers quote connection strings in exceptions.
"""

import re

_MASK = "********"

# None of these reaches over a quote or a backslash: a line that is JSON stays JSON.
_URL_PASSWORD = re.compile(r"""(?<=://)([^\s:/@"']*):[^\s/@"'\\]+@""")
# Also one that was cut off: a path in the log has an end.
_TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+){1,2}")
_CONNINFO_PASSWORD = re.compile(r"""\b(password=)('[^'"\\]*'|[^\s"'\\]+)""", re.IGNORECASE)


def redact(text: str) -> str:
    """``text`` without passwords in URLs and connection strings, and without JWTs."""
    # The cheap look first: nearly no line has any of them.
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{_MASK}@", text)
    if "eyJ" in text:
        text = _TOKEN.sub(_MASK, text)
    if "password=" in text:
        text = _CONNINFO_PASSWORD.sub(rf"\1{_MASK}", text)
    return text
