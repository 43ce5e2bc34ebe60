"""The reporter of uses: each key once, in the background, within bounds, and again after a failure."""

from typing import Any, cast

import pytest
import shared_contracts
from gateway.sessions import use_reporter
from gateway.sessions.use_reporter import UseReporter
from gateway.upstream.upstream import Upstream
from grpclib.const import Status
from service_kit.contract import Contract
from service_kit.contract.method import Method
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import continue_trace

from tests.unit.gateway.metrics import RecordedMetrics

AWAY = CallError(Status.UNAVAILABLE, "UPSTREAM_UNAVAILABLE")
ENDED = CallError(Status.UNAUTHENTICATED, "SESSION_INVALID")


class Authority:
    """reported: the tokens that came. failure: raised, until it is taken away."""

    def __init__(self) -> None:
        self.reported: list[str] = []
        self.failure: Exception | None = None

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        assert request.deadline is None, "a report outlives its request"
        self.reported.append(message.access_token)
        if self.failure is not None:
            raise self.failure
        return method.response_class()


class Desk:
    def __init__(self) -> None:
        self.authority, self.metrics = Authority(), RecordedMetrics()
        upstreams = cast("dict[str, Upstream]", {"user-svc": self.authority})
        self.reporter = UseReporter(Contract.load(shared_contracts.descriptor_set()), upstreams, self.metrics.meter)

    def present(self, session: str, counter: int) -> None:
        principal = Principal("user-1", "user", session, "token-1", key_counter=counter, issued_at=0, expires_at=2**31)
        self.reporter.presented(
            RequestContext(
                "request-1",
                continue_trace(None),
                principal=principal,
                access_token=f"{session}.{counter}",
                deadline=1.0,
            )
        )

    async def told(self) -> list[str]:
        """What was reported once no report is under way."""
        await self.reporter.settled()
        return self.authority.reported


async def test_each_key_of_each_session_is_reported_once() -> None:
    desk = Desk()
    for _ in range(3):
        for session, counter in (("s1", 1), ("s2", 1), ("s1", 2), ("s1", 1)):
            desk.present(session, counter)
            await desk.told()
    assert await desk.told() == ["s1.1", "s2.1", "s1.2"]


async def test_concurrent_requests_make_one_report() -> None:
    desk = Desk()
    for _ in range(50):
        desk.present("s1", 1)
    assert await desk.told() == ["s1.1"]


async def test_report_beyond_the_bound_is_deferred() -> None:
    desk = Desk()
    for number in range(use_reporter._MAX_IN_FLIGHT + 8):
        desk.present(f"s{number}", 1)
    assert len(await desk.told()) == use_reporter._MAX_IN_FLIGHT
    desk.present("s39", 1)
    assert (await desk.told())[-1] == "s39.1"


async def test_failed_report_is_repeated_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.authority.failure = AWAY
    desk.present("s1", 1)
    await desk.told()
    desk.authority.failure = None
    desk.present("s1", 1)
    assert await desk.told() == ["s1.1"], "not at once: the authority has enough to do"
    monkeypatch.setattr(use_reporter, "monotonic", lambda: float("inf"))
    desk.present("s1", 1)
    assert await desk.told() == ["s1.1", "s1.1"]


async def test_ended_session_is_not_reported_again() -> None:
    desk = Desk()
    desk.authority.failure = ENDED
    for _ in range(2):
        desk.present("s1", 1)
        await desk.told()
    desk.present("s2", 1)
    assert await desk.told() == ["s1.1", "s2.1"]


async def test_number_of_remembered_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_reporter, "_MAX_SESSIONS", 10)
    desk = Desk()
    for number in range(30):
        desk.present(f"s{number}", 1)
        await desk.told()
    assert len(desk.reporter._reported) == 10
    desk.present("s29", 1)
    assert len(await desk.told()) == 30
