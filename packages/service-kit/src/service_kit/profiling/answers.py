"""Responses of the profiling port: profiles in each format, plain text, and query parameters."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service_kit.http.internal_server import ONE_ANSWER
from service_kit.profiling import flame_graph, proto
from service_kit.profiling.profile import Profile
from service_kit.runtime.release import Release

#: A name in a profile may hold markup: the browser runs and loads nothing.
INERT = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
_FORMATS = {
    "pprof": (proto.encode, "application/octet-stream", "pb.gz"),
    "svg": (flame_graph.draw, "image/svg+xml", "svg"),
}


def number(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    """Returns a whole number from the query.

    Raises:
        HTTPException: 400: it is not a number, or not from ``low`` to ``high``.
    """
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or not low <= int(given[:10]) <= high:
        raise HTTPException(400, f"{name} must be a whole number from {low} to {high}.")
    return int(given)


async def rendered(request: Request, make: Callable[[], Profile], release: Release) -> Response:
    """Returns the profile in the format that the query parameter `format` names.

    A short-lived thread makes and encodes the profile, because both can block the event loop for too long.

    Raises:
        HTTPException: 400: the format is unknown.
    """
    name = request.query_params.get("format", "pprof")
    if name not in _FORMATS:
        raise HTTPException(400, f"format must be one of {', '.join(_FORMATS)}.")
    encode, content_type, suffix = _FORMATS[name]
    with ThreadPoolExecutor(1, thread_name_prefix="profile-writer") as executor:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(executor, lambda: encode(make(), program=release.service))
    file = f"{release.service}-{request.url.path.rpartition('/')[2]}.{suffix}"
    disposition = f'{"inline" if name == "svg" else "attachment"}; filename="{file}"'
    own = {"content-type": content_type, "content-disposition": disposition}
    return Response(body, headers=ONE_ANSWER | INERT | own)


def plain(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a plain-text response."""
    return PlainTextResponse(text, status, ONE_ANSWER | dict(headers or {}))


def client_closed_request() -> Response:
    """Returns the response for a client that has disconnected: ASGI needs one, although it cannot be sent."""
    return Response(status_code=499, headers=ONE_ANSWER)
