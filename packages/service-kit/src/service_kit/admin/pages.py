"""The pages of the admin port."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from service_kit.http.internal_server import ONE_ANSWER
from service_kit.http.own_pages import OwnPagesMiddleware
from service_kit.lifecycle.readiness import Readiness
from service_kit.logs import LogLevel
from service_kit.logs.redaction import redact
from service_kit.runtime.release import Release
from service_kit.telemetry.loop_lag import WINDOW_S, LoopLag
from service_kit.telemetry.metrics import exposition, openmetrics

_INDEX = """\
{service} {version}

GET /livez      liveness: answered by the event loop, with its lag; a blocked loop does not answer
GET /readyz     readiness: 200 or 503, with the state of every dependency
GET /metrics    for Prometheus
GET /version    version, commit, Python, time of start
GET /config     the settings in force, secrets masked
GET /log-level  the level of the log; PUT {{"level": "DEBUG"}} changes it until the process ends
"""
_JSON = "application/json"
_OPENMETRICS = "application/openmetrics-text"
_MAX_BODY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class FurtherPage:
    """A page for GET that only this process has. about: its line in the index.

    answer: returns a response with the headers ONE_ANSWER.
    own: refuses requests from other sites' pages; needed for every page that shows more than probes and metrics do.
    """

    path: str
    about: str
    answer: Callable[[Request], Awaitable[Response]]
    own: bool = False


class AdminPages:
    """The admin pages of one process."""

    def __init__(
        self,
        *,
        readiness: Readiness,
        release: Release,
        settings: Mapping[str, str],
        log_level: LogLevel,
        lag: LoopLag,
        further: Sequence[FurtherPage] = (),
    ) -> None:
        self._readiness = readiness
        self._release = release
        self._settings = {variable: redact(value) for variable, value in settings.items()}
        self._log_level = log_level
        self._lag = lag
        self._further = further

    def app(self) -> ASGIApp:
        """Returns the application; pages that show or change more than probes and metrics refuse other sites' pages."""
        own = [Middleware(OwnPagesMiddleware)]
        routes = [
            Route("/", self.index),
            Route("/livez", self.livez),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            Route("/version", self.version),
            Route("/config", self.config, middleware=own),
            Route("/log-level", self.log_level, methods=["GET", "PUT"], middleware=own),
            *(Route(page.path, page.answer, middleware=own if page.own else ()) for page in self._further),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._refuse})

    async def index(self, _request: Request) -> Response:
        """Lists the pages."""
        return PlainTextResponse(self._index(), headers=ONE_ANSWER)

    async def livez(self, _request: Request) -> Response:
        """200. The answer itself is the proof: it comes from the event loop, and a blocked loop does not answer."""
        lag = {"last_ms": _ms(self._lag.last_s), "worst_ms": _ms(self._lag.worst_s), "window_s": WINDOW_S}
        return _json({"live": True, "loop_lag": lag})

    async def readyz(self, _request: Request) -> Response:
        """200 or 503, with every check by name."""
        report = await self._readiness.report()
        return _json(asdict(report), 200 if report.ready else 503)

    async def metrics(self, request: Request) -> Response:
        """The Prometheus text format; OpenMetrics, which has exemplars, if the client accepts it."""
        reads_openmetrics = _OPENMETRICS in request.headers.get("accept", "")
        text, content_type = openmetrics() if reads_openmetrics else exposition()
        return Response(text, headers=ONE_ANSWER | {"content-type": content_type})

    async def version(self, _request: Request) -> Response:
        """Service, version, commit, Python, and time of start."""
        release = self._release
        about = {
            "service": release.service,
            "version": release.version,
            "commit": release.commit or None,
            "python": release.python,
            "started_at": release.started_at.isoformat(timespec="seconds"),
            "uptime_s": round(release.uptime_s, 1),
        }
        return _json(about)

    async def config(self, _request: Request) -> Response:
        """The settings that the process was started with, and the log level, which may have changed since."""
        return _json({"settings": self._settings, "log_level": self._level()})

    async def log_level(self, request: Request) -> Response:
        """Shows the level, or changes it; answers 400, 413 or 415 to a malformed change."""
        if request.method == "PUT":
            try:
                self._log_level.change(await _wanted_level(request))
            except ValueError as exc:
                raise HTTPException(400, f'{exc}, as {{"level": "DEBUG"}}') from exc
        return _json(self._level())

    def _level(self) -> dict[str, Any]:
        level = self._log_level
        changed = level.changed_at.isoformat(timespec="seconds") if level.changed_at is not None else None
        return {"level": level.current, "at_start": level.at_start, "changed_at": changed}

    def _index(self) -> str:
        index = _INDEX.format(service=self._release.service, version=self._release.version)
        return index + "".join(f"GET {page.path:<11} {page.about}\n" for page in self._further)

    async def _refuse(self, _request: Request, exception: Exception) -> Response:
        refusal = cast("HTTPException", exception)
        text = self._index() if refusal.status_code in {404, 405} else f"{refusal.detail}\n"
        return PlainTextResponse(text, refusal.status_code, {**(refusal.headers or {}), **ONE_ANSWER})


async def _wanted_level(request: Request) -> str:
    """Returns the level in the body.

    Raises:
        ValueError: The body has no level.
        HTTPException: Its content type is not JSON, or it is too long.
    """
    # A browser sends this type cross-site only after a CORS preflight, which this port never grants.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise HTTPException(415, f"The body must be {_JSON}.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPException(413, f"The body must not exceed {_MAX_BODY_BYTES} bytes.")
    wanted = orjson.loads(body)
    if not isinstance(wanted, dict) or set(wanted) != {"level"} or not isinstance(wanted["level"], str):
        raise ValueError("the body must have one member, level")

    return wanted["level"].upper()


def _json(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, ONE_ANSWER)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
