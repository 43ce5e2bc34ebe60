"""The renewer: what it makes of the new token that it is given."""

import asyncio
import time
from dataclasses import replace
from typing import Any, cast

import pytest
import shared_contracts
from gateway.problems import Decision, Problem
from gateway.sessions.renewer import SessionRenewer
from gateway.upstream.upstream import Upstream
from grpclib.const import Status
from service_kit.contract import Contract
from service_kit.contract.method import Method
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import continue_trace
from service_kit.tokens.errors import TokenError, TokenErrorKind
from service_kit.tokens.verifier import TokenVerifier

from tests.unit.gateway.asgi import principal
from tests.unit.gateway.metrics import RecordedMetrics

REQUEST = RequestContext("request-1", continue_trace(None))


class Sessions:
    """Renews every key."""

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        grant = {"session_key": f"{message.session_key}-successor", "max_age_s": 86400}
        return method.response_class(grant=grant, access_token="token", expires_in=900)


class Verdict:
    """Says the same of every token."""

    def __init__(self, refusal: TokenErrorKind | None) -> None:
        self._refusal = refusal

    async def verify(self, _token: str) -> Principal:
        if self._refusal is not None:
            raise TokenError(self._refusal, "internal words")
        return principal()


def renewing_with(sessions: Sessions, verdict: Verdict, recorded: RecordedMetrics | None = None) -> SessionRenewer:
    contract = Contract.load(shared_contracts.descriptor_set())
    upstreams = cast("dict[str, Upstream]", {"user-svc": sessions})
    return SessionRenewer(contract, upstreams, cast("TokenVerifier", verdict), (recorded or RecordedMetrics()).meter)


def renewer(refusal: TokenErrorKind | None) -> SessionRenewer:
    return renewing_with(Sessions(), Verdict(refusal))


async def test_renewal_returns_the_successor_and_the_principal_of_the_token() -> None:
    renewal = await renewer(None).renew("key", REQUEST)
    assert (renewal.session_key, renewal.access_token, renewal.principal) == ("key-successor", "token", principal())


async def test_revocation_during_the_renewal_ends_the_session() -> None:
    with pytest.raises(Problem) as caught:
        await renewer("revoked").renew("key", REQUEST)
    assert (caught.value.status, caught.value.code) == (401, "SESSION_INVALID")
    assert caught.value.decision == Decision("authentication", "revoked")


@pytest.mark.parametrize("refusal", ["invalid", "expired", "malformed"])
async def test_invalid_new_token_is_a_503(refusal: TokenErrorKind) -> None:
    with pytest.raises(Problem) as caught:
        await renewer(refusal).renew("key", REQUEST)
    assert (caught.value.status, caught.value.code) == (503, "DEPENDENCY_UNAVAILABLE")
    assert caught.value.decision == Decision("authentication", "unavailable", retry_after_s=1)


class Refusing(Sessions):
    """Answers every renewal with the status."""

    def __init__(self, status: Status, reason: str = "SOME_REASON") -> None:
        self._status = status
        self._reason = reason

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        raise CallError(self._status, self._reason)


@pytest.mark.parametrize("status", [Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE])
async def test_renewal_that_failed_can_be_repeated(status: Status) -> None:
    with pytest.raises(Problem) as caught:
        await renewing_with(Refusing(status), Verdict(None)).renew("key", REQUEST)
    assert caught.value.status == 503
    assert caught.value.decision is not None
    assert caught.value.decision.retry_after_s == 1


class GatedSessions(Sessions):
    """Renews once its gate is open, and counts calls."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.calls = 0

    async def call(self, method: Method, message: Any, request: RequestContext) -> Any:
        self.calls += 1
        await self.gate.wait()
        return await super().call(method, message, request)


def gated(sessions: GatedSessions, recorded: RecordedMetrics | None = None) -> SessionRenewer:
    return renewing_with(sessions, Verdict(None), recorded)


async def test_concurrent_requests_with_one_key_share_one_renewal() -> None:
    sessions = GatedSessions()
    renewing = gated(sessions)
    together = [asyncio.create_task(renewing.renew("key", REQUEST)) for _ in range(50)]
    other = asyncio.create_task(renewing.renew("other", REQUEST))
    await asyncio.sleep(0.01)
    sessions.gate.set()
    renewals = await asyncio.gather(*together)
    assert {renewal.session_key for renewal in renewals} == {"key-successor"}
    assert (await other).session_key == "other-successor"
    assert sessions.calls == 2
    await renewing.renew("key", REQUEST)
    assert sessions.calls == 3


async def test_client_that_leaves_does_not_cancel_a_shared_renewal() -> None:
    sessions = GatedSessions()
    renewing = gated(sessions)
    leaving, staying = (asyncio.create_task(renewing.renew("key", REQUEST)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    sessions.gate.set()
    assert (await staying).session_key == "key-successor"


async def test_request_past_its_deadline_stops_waiting_and_does_not_cancel_a_shared_renewal() -> None:
    sessions = GatedSessions()
    renewing = gated(sessions)
    staying = asyncio.create_task(renewing.renew("key", REQUEST))
    with pytest.raises(Problem) as late:
        await renewing.renew("key", replace(REQUEST, deadline=time.monotonic() + 0.01))
    assert (late.value.status, late.value.code) == (504, "DEADLINE_EXCEEDED")
    assert late.value.decision == Decision("deadline", "exceeded")
    sessions.gate.set()
    assert (await staying).session_key == "key-successor"
    assert sessions.calls == 1


def outcomes(recorded: RecordedMetrics) -> dict[str, float]:
    return {labels["outcome"]: value for labels, value in recorded.points("headrace.renewals")}


async def test_renewals_and_shared_renewals_are_counted() -> None:
    sessions, recorded = GatedSessions(), RecordedMetrics()
    renewing = gated(sessions, recorded)
    together = [asyncio.create_task(renewing.renew("key", REQUEST)) for _ in range(5)]
    sessions.gate.set()
    await asyncio.gather(*together)
    assert outcomes(recorded) == {"renewed": 1, "shared": 4}


@pytest.mark.parametrize(
    ("reason", "outcome"), [("SESSION_REUSED", "session_reused"), ("MADE_UP_BY_A_SERVICE", "failed")]
)
async def test_refusals_are_counted_by_the_reasons_of_the_contract(reason: str, outcome: str) -> None:
    recorded = RecordedMetrics()
    renewing = renewing_with(Refusing(Status.UNAUTHENTICATED, reason), Verdict(None), recorded)
    with pytest.raises(Problem):
        await renewing.renew("key", REQUEST)
    assert outcomes(recorded) == {outcome: 1}


async def test_unavailable_service_is_counted_as_an_outcome() -> None:
    recorded = RecordedMetrics()
    with pytest.raises(Problem):
        await renewing_with(Refusing(Status.DEADLINE_EXCEEDED), Verdict(None), recorded).renew("key", REQUEST)
    assert outcomes(recorded) == {"dependency_unavailable": 1}
