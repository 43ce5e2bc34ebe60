"""Reports which session keys have reached their clients, so that a stolen key differs from a lost response."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import Context
from dataclasses import replace
from time import monotonic

from opentelemetry.metrics import Meter
from service_kit.contract import Contract
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.telemetry.metrics import from_zero

from gateway.problems import Problem
from gateway.upstream.upstream import Upstream

_REPORT_USE = "/headrace.session.v1.SessionService/ReportUse"
#: Sessions that are kept, with the newest reported key of each: some 10 MB.
_MAX_SESSIONS = 65_536
#: Reports in flight; further ones are deferred to a later request.
_MAX_IN_FLIGHT = 32
#: The pause after a failed report (seconds).
_PAUSE_S = 1.0


class UseReporter:
    """Reports each key of each session once, in the background, when a token that came with it is first presented.

    The token proves that the client has the key: both were sent in one response. A key that cannot be reported now,
    because too many reports are in flight or the authority does not answer, is reported at the session's next request.

    Args:
        meter: counts the reports by outcome: "reported", "failed", or "deferred".
    """

    def __init__(self, contract: Contract, upstreams: Mapping[str, Upstream], meter: Meter) -> None:
        self._method = contract.methods[_REPORT_USE]
        self._upstream = upstreams[self._method.upstream]
        self._reported: OrderedDict[str, int] = OrderedDict()
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._paused_until = 0.0
        self._outcomes = meter.create_counter(
            "headrace.session.use.reports", unit="{report}", description="Reports of session keys in use, by outcome."
        )
        from_zero(self._outcomes, *({"outcome": each} for each in ("reported", "failed", "deferred")))

    def presented(self, request: RequestContext) -> None:
        """Records that the client presented the access token of ``request``. Never waits."""
        principal = request.principal
        if principal is None:
            return
        session_id, counter = principal.session_id, principal.key_counter
        if self._reported.get(session_id, 0) >= counter or session_id in self._in_flight:
            return
        if len(self._in_flight) >= _MAX_IN_FLIGHT or monotonic() < self._paused_until:
            self._outcomes.add(1, {"outcome": "deferred"})
            return
        # In a new context: the report outlives the request, and must not run under its deadline.
        report = self._report(replace(request, deadline=None, session_key=None, span=None))
        task = asyncio.create_task(report, context=Context())
        self._in_flight[session_id] = task
        task.add_done_callback(lambda _: self._in_flight.pop(session_id))

    async def settled(self) -> None:
        """Returns when no report is in flight."""
        while self._in_flight:
            await asyncio.wait(set(self._in_flight.values()))

    async def _report(self, request: RequestContext) -> None:
        principal = request.principal
        if principal is None:
            return
        message = self._method.request_class(access_token=request.access_token)
        try:
            await self._upstream.call(self._method, message, request)
        except (CallError, Problem) as exc:
            if _is_ended(exc):
                self._remember(principal.session_id, principal.key_counter)
                return
            self._paused_until = monotonic() + _PAUSE_S
            self._outcomes.add(1, {"outcome": "failed"})
            return
        self._outcomes.add(1, {"outcome": "reported"})
        self._remember(principal.session_id, principal.key_counter)

    def _remember(self, session_id: str, counter: int) -> None:
        self._reported[session_id] = max(counter, self._reported.pop(session_id, 0))
        if len(self._reported) > _MAX_SESSIONS:
            self._reported.popitem(last=False)


def _is_ended(exc: Exception) -> bool:
    """Returns whether the session has ended, or its token has expired meanwhile: nothing is left to report."""
    return isinstance(exc, CallError) and exc.reason == "SESSION_INVALID"
