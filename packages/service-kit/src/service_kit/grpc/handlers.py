"""Wraps the handlers of a service: what happens before and after every call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from loguru import logger

from service_kit.contract import Contract, ContractError, Method
from service_kit.contract.message_size import max_request_bytes
from service_kit.contract.policy import Access
from service_kit.grpc.call_stream import due_of, quiet_after_leaving, sent_bytes_of, set_verified
from service_kit.grpc.caller_limiter import CallerLimiter
from service_kit.grpc.codec import ContractCodec
from service_kit.grpc.errors import ErrorTable, from_grpc_error, to_call_error, to_grpc_error
from service_kit.grpc.framing import guarded_frames
from service_kit.grpc.metadata import bearer_token, incoming
from service_kit.grpc.spans import begin_served, end_served
from service_kit.grpc.telemetry import CallTelemetry
from service_kit.request.context import RequestContext, enter_request
from service_kit.request.deadline import time_left
from service_kit.request.errors import CallError
from service_kit.tokens.verifier import TokenError, TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer

#: The reasons for tokens that were once valid; any other is TOKEN_INVALID.
_TOKEN_REASONS = {"expired": "TOKEN_EXPIRED", "revoked": "SESSION_INVALID"}
_Func = Callable[[Stream[Any, Any]], Awaitable[None]]


@dataclass
class AcceptGate:
    """Whether the server accepts calls; while it is closed, a call is refused before any work is done for it."""

    closed: bool = False


class GuardedService:
    """A service whose calls are admitted, authenticated, validated and measured, and whose errors are mapped.

    Args:
        service: A subclass of a betterproto2 base.
        contract: Has the methods of the service.
        codec: Decodes and validates requests.
        max_message_bytes: The largest request of any method; most methods accept less, as the contract bounds them.
        verifier: Of access tokens.
        error_table: The exceptions of the service.
        gate: Is closed when the server drains.
        limiter: Of the calls in progress per caller.
        telemetry: Counts and logs calls.
        tracer: Begins the spans of calls; None: traces are off.
    """

    def __init__(
        self,
        service: Any,
        *,
        contract: Contract,
        codec: ContractCodec,
        max_message_bytes: int,
        verifier: TokenVerifier,
        error_table: ErrorTable,
        gate: AcceptGate,
        limiter: CallerLimiter,
        telemetry: CallTelemetry,
        tracer: RequestTracer | None = None,
    ) -> None:
        self._contract = contract
        self._max_message_bytes = max_message_bytes
        self._verifier = verifier
        self._error_table = error_table
        self._gate = gate
        self._limiter = limiter
        self._telemetry = telemetry
        self._tracer = tracer
        self._handlers: dict[str, Handler] = {}
        deadlines_s: dict[str, float] = {}
        for path, handler in service.__mapping__().items():
            if path not in contract.methods:
                raise ContractError(f"{path} is served, but not in the contract")
            method = contract.methods[path]
            codec.add(method, handler.request_type, handler.reply_type)
            self._handlers[path] = handler._replace(func=self._guard(method, handler.func))
            deadlines_s[path] = method.policy.deadline_s
        self.deadlines_s: Mapping[str, float] = deadlines_s

    def __mapping__(self) -> dict[str, Handler]:
        return self._handlers

    def _guard(self, method: Method, func: _Func) -> _Func:
        max_bytes = max_request_bytes(self._contract, method, self._max_message_bytes)

        async def guarded(stream: Stream[Any, Any]) -> None:
            metadata: Mapping[str, str | bytes] = stream.metadata or {}
            due = due_of(stream)
            request = incoming(metadata, due)
            request.rpc = method.full_name
            if self._tracer is not None:
                begin_served(self._tracer, request)
            enter_request(request)
            started = self._telemetry.begin()
            status, code = Status.OK, ""
            try:
                with quiet_after_leaving(stream):
                    async with asyncio.timeout(None if due is None else due - time.monotonic()):
                        await self._admit(method, request, bearer_token(metadata))
                        if request.principal is not None:
                            set_verified(stream)
                        async with self._permit(method, request):
                            with guarded_frames(stream, max_bytes):
                                await func(stream)
            except asyncio.CancelledError:
                status = Status.CANCELLED
                raise
            except Exception as error:
                refusal = self._refusal(error, method, due)
                status, code = refusal.status, refusal.reason
                raise to_grpc_error(refusal) from error
            finally:
                self._telemetry.end(method.full_name, status, code, started, sent_bytes_of(stream))
                if request.span is not None:
                    end_served(request.span, status, code)

        return guarded

    def _refusal(self, error: Exception, method: Method, due: float | None) -> CallError:
        """Returns the error that the caller sees."""
        if isinstance(error, GRPCError):  # of the generated base
            if error.status is not Status.UNIMPLEMENTED:
                return from_grpc_error(error)
            logger.bind(rpc=method.full_name).error("method of the contract is not implemented")
            return CallError(error.status, "NOT_IMPLEMENTED", "The service does not have this method.")
        return to_call_error(error, self._error_table, is_late=due is not None and time.monotonic() >= due)

    def _permit(self, method: Method, request: RequestContext) -> AbstractAsyncContextManager[None]:
        """Returns the permit that the call needs; internal calls need none."""
        return nullcontext() if method.policy.access is Access.INTERNAL else self._limiter.permit(request)

    async def _admit(self, method: Method, request: RequestContext, token: str | None) -> None:
        if self._gate.closed:
            raise CallError(Status.UNAVAILABLE, "DRAINING", retry_after_s=1)
        time_left()  # it may have run out while the call waited
        access = method.policy.access
        if access in (Access.PUBLIC, Access.INTERNAL):
            return
        if token is None:
            raise CallError(Status.UNAUTHENTICATED, "CREDENTIALS_MISSING")
        try:
            request.principal = await self._verifier.verify(token)
        except TokenError as exc:
            raise CallError(Status.UNAUTHENTICATED, _TOKEN_REASONS.get(exc.kind, "TOKEN_INVALID")) from exc
        request.access_token = token
        if access is Access.ADMIN and not request.principal.is_admin:
            raise CallError(Status.PERMISSION_DENIED, "ACCESS_DENIED")
