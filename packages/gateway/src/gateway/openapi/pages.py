"""The pages that show the document: /openapi.json, and /docs with all its assets beside it."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import swagger_ui
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.openapi.constant import Constant
from gateway.problems import Problem

_ASSETS = Path(swagger_ui.__file__).parent / "static"
#: What of the library's folder the page needs; the rest (an editor, source maps) is not served.
_SERVED = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_PREFIX = "/docs"
_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace API</title>
<link rel="icon" href="{favicon-32x32.png}">
<link rel="stylesheet" href="{swagger-ui.css}">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<div id="api"></div>
<script src="{swagger-ui-bundle.js}"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# persistAuthorization: the token stays in the browser's storage over a reload. It lives for 15 minutes, and the policy
# below lets no script but these two read it.
_SCRIPT = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "list", persistAuthorization: true
});
"""
# Swagger UI has no dark theme of its own: its colours are inverted, hues kept. All problem responses have the same
# shape, so that only that of 400 is shown; the others show what they mean.
_STYLE = """
.swagger-ui .response:is([data-code^="4"], [data-code^="5"]):not([data-code="400"])
  :is(.response-controls, .model-example) { display: none; }
.swagger-ui .responses-inner .highlight-code { max-height: 20rem; overflow: auto; }
@media (prefers-color-scheme: dark) {
  html { background: #16181d; color-scheme: dark; }
  #api { filter: invert(0.9) hue-rotate(180deg); background: #fff; min-height: 100vh; }
  #api .highlight-code, #api img { filter: invert(1) hue-rotate(180deg); }
}
"""
_POLICY = b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_HEADERS = ((b"content-security-policy", _POLICY),)
#: Caches keep it, and ask each time whether it is still the same.
_REVALIDATED = "no-cache"
#: An asset changes with the library. Under the address that names its version, it never does.
_FOR_A_DAY = "public, max-age=86400"
_FOR_GOOD = "public, max-age=31536000, immutable"


def pages(document: dict[str, Any]) -> dict[str, ASGIApp]:
    """The gateway's own pages, by path; where the path ends in a slash, every path below it."""
    described = Constant(orjson.dumps(document), "application/json", _REVALIDATED)
    docs = _Docs()
    return {"/openapi.json": described, _PREFIX: docs, f"{_PREFIX}/": docs}


class _Docs:
    """The interactive documentation (Swagger UI)."""

    def __init__(self) -> None:
        page = _HTML
        for name in _SERVED:
            page = page.replace(f"{{{name}}}", f"{_PREFIX}/{name}?v={_asset(name).digest}")
        self._assets = {name: _asset(name) for name in _SERVED}
        self._versions = {name: asset.kept(_FOR_GOOD) for name, asset in self._assets.items()}
        self._pages = {
            "": Constant(page.encode(), "text/html; charset=utf-8", _REVALIDATED, _HEADERS),
            "page.css": Constant(_STYLE.encode(), "text/css; charset=utf-8", _REVALIDATED, _HEADERS),
            "start.js": Constant(_SCRIPT.encode(), "text/javascript; charset=utf-8", _REVALIDATED, _HEADERS),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(_PREFIX).removeprefix("/")
        if name in _SERVED:
            asset = self._assets[name]
            if scope["query_string"] == b"v=" + asset.digest.encode():
                asset = self._versions[name]
            await asset(scope, receive, send)
        elif name in self._pages:
            await self._pages[name](scope, receive, send)
        else:
            raise Problem(404, "ROUTE_NOT_FOUND", "There is nothing at this path.")


@cache
def _asset(name: str) -> Constant:
    """A file of the library; read and compressed once in a process."""
    return Constant((_ASSETS / name).read_bytes(), _SERVED[name], _FOR_A_DAY)
