"""What requests for profiles are answered with."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service_kit.http.internal_server import ONE_ANSWER
from service_kit.profiling import flame_graph, proto, speedscope
from service_kit.profiling.profile import Profile
from service_kit.runtime.release import Release

#: Nothing that a name in a profile might bring along is run or loaded.
INERT = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
_FORMATS = {
    "pprof": (proto.encode, "application/octet-stream", "pb.gz"),
    "speedscope": (speedscope.encode, "application/json", "speedscope.json"),
    "svg": (flame_graph.draw, "image/svg+xml", "svg"),
}


def number(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number from the query. HTTPException (400): it is none, or not from ``low`` to ``high``."""
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or not low <= int(given[:10]) <= high:
        raise HTTPException(400, f"{name} is a whole number from {low} to {high}.")
    return int(given)


async def rendered(request: Request, make: Callable[[], Profile], release: Release) -> Response:
    """The profile in the format that `format` names. HTTPException (400): there is no such.

    It is made and written in a thread that ends with it, for both may take longer than the event loop should wait.
    """
    name = request.query_params.get("format", "pprof")
    if name not in _FORMATS:
        raise HTTPException(400, f"format is one of {', '.join(_FORMATS)}.")
    encode, content_type, suffix = _FORMATS[name]
    with ThreadPoolExecutor(1, thread_name_prefix="profile-writer") as aside:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(aside, lambda: encode(make(), program=release.service))
    file = f"{release.service}-{request.url.path.rpartition('/')[2]}.{suffix}"
    disposition = f'{"inline" if name == "svg" else "attachment"}; filename="{file}"'
    own = {"content-type": content_type, "content-disposition": disposition}
    return Response(body, headers=ONE_ANSWER | INERT | own)


def plain(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Plain text."""
    return PlainTextResponse(text, status, ONE_ANSWER | dict(headers or {}))


def nobody_listens() -> Response:
    """For a client that has left: it is not sent, but an answer there must be."""
    return Response(status_code=499, headers=ONE_ANSWER)
