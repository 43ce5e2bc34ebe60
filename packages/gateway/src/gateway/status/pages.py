"""The routes of the page, and of the document that it polls while it is visible."""

from collections.abc import Awaitable, Callable

from service_kit.admin import FurtherPage
from service_kit.http.internal_server import ONE_ANSWER
from service_kit.lifecycle.readiness import ReadinessReport
from service_kit.runtime.release import Release
from service_kit.telemetry.loop_lag import LoopLag
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway.status.document import HTML, POLICY
from gateway.status.picture import picture
from gateway.status.watch import Watch

_HEADERS = ONE_ANSWER | {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}


def status_pages(
    *, watch: Watch, report: Callable[[], Awaitable[ReadinessReport]], release: Release, lag: LoopLag
) -> list[FurtherPage]:
    """Returns the page, which holds no data and may be linked to, and its document, which other sites may not read.

    report: the readiness of this process.
    """

    async def page(_request: Request) -> Response:
        return HTMLResponse(HTML, headers=_HEADERS)

    async def document(_request: Request) -> Response:
        checks = await report()
        return JSONResponse(picture(watch.look(), checks, release, lag), headers=ONE_ANSWER)

    return [
        FurtherPage("/status", "requests, latency, errors, breakers and limits as they are now, for a browser", page),
        FurtherPage("/status.json", "the same as one document", document, own=True),
    ]
