"""Renews sessions by a call of the session authority."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from grpclib.const import Status
from opentelemetry.metrics import Meter
from service_kit.contract import Contract
from service_kit.contract.reasons import Reason
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.request.principal import Principal
from service_kit.tokens.errors import TokenError
from service_kit.tokens.verifier import TokenVerifier

from gateway.problems import Decision, Problem
from gateway.sessions.renewal import Renewal, session_ended
from gateway.upstream.problems import to_problem
from gateway.upstream.upstream import Upstream

_RENEW = "/headrace.session.v1.SessionService/RenewSession"


class SessionRenewer:
    """Renews over gRPC, and verifies the new token like any other before it is used.

    Concurrent requests with one session key share one renewal: the key has one successor.

    Args:
        meter: counts the renewals by outcome: "renewed", "shared" for a request that joined another one's, or the
            reason of the failure.
    """

    def __init__(
        self, contract: Contract, upstreams: Mapping[str, Upstream], verifier: TokenVerifier, meter: Meter
    ) -> None:
        self._method = contract.methods[_RENEW]
        self._upstream = upstreams[self._method.upstream]
        self._verifier = verifier
        self._reasons: Mapping[str, Reason] = contract.reasons
        self._in_flight: dict[str, asyncio.Task[Renewal]] = {}
        self._outcomes = meter.create_counter(
            "headrace.renewals", unit="{renewal}", description="Renewals of sessions, by outcome."
        )

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Exchanges ``session_key``, and waits no longer than the deadline of ``request``.

        Raises:
            Problem: the session has ended or its key was reused (401), the session authority cannot be asked (503),
                or there was no answer before the deadline (504).
        """
        renewing = self._in_flight.get(session_key)
        if renewing is None:
            # On behalf of the first request, but with the deadline of a renewal: the other requests may have more time.
            renewing = asyncio.create_task(self._renew(session_key, replace(request, deadline=None)))
            self._in_flight[session_key] = renewing
            renewing.add_done_callback(lambda task: self._renewed(session_key, task))
        else:
            self._outcomes.add(1, {"outcome": "shared"})
        # Waited for, not awaited: a request that is cancelled or late must not cancel the renewal of the others.
        await asyncio.wait({renewing}, timeout=None if request.deadline is None else request.deadline - monotonic())
        if not renewing.done():
            raise to_problem(CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), self._reasons)
        return renewing.result()

    def _renewed(self, session_key: str, task: "asyncio.Task[Renewal]") -> None:
        del self._in_flight[session_key]
        if not task.cancelled():
            # Retrieves the exception: asyncio would log one that was never retrieved.
            self._outcomes.add(1, {"outcome": self._outcome(task.exception())})

    def _outcome(self, failure: BaseException | None) -> str:
        if failure is None:
            return "renewed"
        # A service may send reasons that the contract does not contain: they must not become time series.
        if isinstance(failure, Problem) and failure.code in self._reasons:
            return failure.code.lower()
        return "failed"

    async def _renew(self, session_key: str, request: RequestContext) -> Renewal:
        message = self._method.request_class(session_key=session_key)
        try:
            reply = await self._upstream.call(self._method, message, request)
        except CallError as exc:
            if exc.status is Status.DEADLINE_EXCEEDED:  # of the renewal, not of the client's request
                raise _not_now("The session cannot be renewed now; try again.") from exc
            raise to_problem(exc, self._reasons) from exc
        return Renewal(
            session_key=reply.grant.session_key,
            max_age_s=reply.grant.max_age_s,
            access_token=reply.access_token,
            expires_in=reply.expires_in,
            principal=await self._verified(reply.access_token),
        )

    async def _verified(self, access_token: str) -> Principal:
        try:
            return await self._verifier.verify(access_token)
        except TokenError as exc:
            if exc.kind == "revoked":  # the session was ended while it was being renewed
                raise session_ended() from exc
            # Signed by a key that was just retired. The session is valid, and the next attempt has another key.
            raise _not_now("The renewed access token is not valid; try again.") from exc


def _not_now(detail: str) -> Problem:
    return Problem(
        503, "DEPENDENCY_UNAVAILABLE", detail, decision=Decision("authentication", "unavailable", retry_after_s=1)
    )
