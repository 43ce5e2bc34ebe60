"""Renews sessions: a session key becomes its successor and an access token, by a call to user-svc."""

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
from gateway.sessions.ended import session_ended
from gateway.sessions.renewal import Renewal
from gateway.upstream.problems import to_problem
from gateway.upstream.upstream import Upstream

_RENEW = "/headrace.session.v1.SessionService/RenewSession"


class SessionRenewer:
    """Renews over gRPC. The new token is verified like any other before anything is done in its name.

    Requests that come together with one session key are given one renewal: the key has one successor, however many
    ask, so asking once is enough.
    meter: where the renewals are counted, by outcome: "renewed", "shared" for who was given another's, or why not.
    """

    def __init__(
        self, contract: Contract, upstreams: Mapping[str, Upstream], verifier: TokenVerifier, meter: Meter
    ) -> None:
        self._method = contract.methods[_RENEW]
        self._upstream = upstreams[self._method.upstream]
        self._verifier = verifier
        self._reasons: Mapping[str, Reason] = contract.reasons
        self._under_way: dict[str, asyncio.Task[Renewal]] = {}
        self._outcomes = meter.create_counter(
            "headrace.renewals", unit="{renewal}", description="Renewals of sessions, by outcome."
        )

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Trade ``session_key``, and wait for it no longer than ``request`` has time.

        Problem: the session has ended or was reused (401), its state cannot be read now (503), or not in time (504).
        """
        renewing = self._under_way.get(session_key)
        if renewing is None:
            # On behalf of the first request, but with the time of a renewal: the others may have more.
            renewing = asyncio.create_task(self._renew(session_key, replace(request, deadline=None)))
            self._under_way[session_key] = renewing
            renewing.add_done_callback(lambda task: self._renewed(session_key, task))
        else:
            self._outcomes.add(1, {"outcome": "shared"})
        # Waited for, not awaited: who leaves, or has no time left, must not take the others' renewal along.
        await asyncio.wait({renewing}, timeout=None if request.deadline is None else request.deadline - monotonic())
        if not renewing.done():
            raise to_problem(CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), self._reasons)
        return renewing.result()

    def _renewed(self, session_key: str, task: "asyncio.Task[Renewal]") -> None:
        del self._under_way[session_key]
        if not task.cancelled():
            # Reads the exception: asyncio logs an exception that no task has retrieved.
            self._outcomes.add(1, {"outcome": self._outcome(task.exception())})

    def _outcome(self, failure: BaseException | None) -> str:
        if failure is None:
            return "renewed"
        # A service may give reasons that the contract does not know: they must not become time series.
        if isinstance(failure, Problem) and failure.code in self._reasons:
            return failure.code.lower()
        return "failed"

    async def _renew(self, session_key: str, request: RequestContext) -> Renewal:
        message = self._method.request_class(session_key=session_key)
        try:
            reply = await self._upstream.call(self._method, message, request)
        except CallError as exc:
            if exc.status is Status.DEADLINE_EXCEEDED:  # of our question, not of the client's request
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
            # Signed by a key that was retired in that moment. The session lives, and the next try has another key.
            raise _not_now("The renewed access token is not good; try again.") from exc


def _not_now(detail: str) -> Problem:
    return Problem(
        503, "DEPENDENCY_UNAVAILABLE", detail, decision=Decision("authentication", "unavailable", retry_after_s=1)
    )
