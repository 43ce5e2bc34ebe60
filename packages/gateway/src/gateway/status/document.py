"""The page as it is sent: one file whose policy allows its own scripts by hash, and requests to its own port only."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

_ASSETS = files("gateway.status").joinpath("assets")
#: In the order in which they use each other.
_SCRIPTS = ("text.js", "chart.js", "cards.js", "tables.js", "live.js")


def _read(*names: str) -> str:
    return "".join(_ASSETS.joinpath(name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_STYLE, _SCRIPT = _read("status.css"), _read(*_SCRIPTS)
HTML = _read("status.html").replace("/* status.css */", _STYLE).replace("/* scripts */", _SCRIPT)
POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
