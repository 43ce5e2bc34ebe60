"""The pages that show the document: /openapi.json, and /docs with all its assets beside it."""

from pathlib import Path
from typing import Any

import orjson
import swagger_ui
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.problems import Problem

_ASSETS = Path(swagger_ui.__file__).parent / "static"
#: What of the library's folder the page needs; the rest (an editor, source maps) is not served.
_SERVED = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_PREFIX = "/docs"
_HTML = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace API</title>
<link rel="icon" href="{_PREFIX}/favicon-32x32.png">
<link rel="stylesheet" href="{_PREFIX}/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="{_PREFIX}/swagger-ui-bundle.js"></script>
<script src="{_PREFIX}/start.js"></script>
</body>
</html>
"""
_SCRIPT = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "list"});
"""
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_HEADERS = {"content-security-policy": _POLICY, "cache-control": "no-cache"}


def pages(document: dict[str, Any]) -> dict[str, ASGIApp]:
    """The gateway's own pages, by path; where the path ends in a slash, every path below it."""
    described = Response(orjson.dumps(document), media_type="application/json", headers={"cache-control": "no-cache"})
    docs = _Docs()
    return {"/openapi.json": described, _PREFIX: docs, f"{_PREFIX}/": docs}


class _Docs:
    """The interactive documentation (Swagger UI)."""

    def __init__(self) -> None:
        self._assets = StaticFiles(directory=_ASSETS)
        self._page = Response(_HTML, media_type="text/html", headers=_HEADERS)
        self._script = Response(_SCRIPT, media_type="text/javascript", headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(_PREFIX).removeprefix("/")
        if name in _SERVED:
            # StaticFiles looks below root_path; the prefix is ours.
            await self._assets({**scope, "root_path": _PREFIX}, receive, send)
        elif name == "start.js":
            await self._script(scope, receive, send)
        elif not name:
            await self._page(scope, receive, send)
        else:
            raise Problem(404, "ROUTE_NOT_FOUND", "There is nothing at this path.")
