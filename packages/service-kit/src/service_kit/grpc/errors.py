"""Errors between processes: exceptions → gRPC status and details → exceptions.

Details are google.rpc's (https://google.aip.dev/193): ErrorInfo carries the reason, BadRequest the violations,
RetryInfo the time to wait. They are sent in the trailer `grpc-status-details-bin`; no text is ever parsed.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from loguru import logger

from service_kit.request.errors import CallError, Violation

#: Exception → gRPC status and reason. str(exception) is the detail for the caller; an exception may have `violations`
#: and `retry_after_s`. The most specific class counts.
ErrorTable = Mapping[type[Exception], tuple[Status, str]]

DOMAIN = "headrace"
#: The reason for a status without details, from a peer outside of the platform.
_REASONS = {
    Status.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    Status.UNAVAILABLE: "UPSTREAM_UNAVAILABLE",
    Status.UNIMPLEMENTED: "NOT_IMPLEMENTED",
}


def to_call_error(error: Exception, table: ErrorTable, *, is_late: bool = False) -> CallError:
    """Returns the error that the caller may see for ``error``.

    An exception that is not in the table is logged, and becomes INTERNAL. The cause of UNAVAILABLE is logged.

    Args:
        error: What a handler has raised.
        table: The exceptions of the service.
        is_late: Whether the caller's deadline has passed. Then UNAVAILABLE becomes DEADLINE_EXCEEDED: a store that got
            only the rest of that time is not unavailable.
    """
    if isinstance(error, CallError):
        return error
    for kind in type(error).__mro__:
        if kind in table:
            status, reason = table[kind]
            if status is Status.UNAVAILABLE and is_late:
                return CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
            if status is Status.UNAVAILABLE:
                # The response does not contain the cause.
                logger.bind(error=str(error), cause=repr(error.__cause__)).warning("call failed: unavailable")
            violations = getattr(error, "violations", ())
            return CallError(status, reason, str(error), violations, getattr(error, "retry_after_s", None))
    if isinstance(error, asyncio.TimeoutError):
        return CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    logger.opt(exception=error).error("unexpected error")
    return CallError(Status.INTERNAL, "INTERNAL")


def to_grpc_error(error: CallError) -> GRPCError:
    """Returns the error as grpclib sends it."""
    details: list[Any] = [ErrorInfo(reason=error.reason, domain=DOMAIN)]
    if error.violations:
        fields = (
            BadRequest.FieldViolation(field=v.field, reason=v.rule, description=v.message) for v in error.violations
        )
        details.append(BadRequest(field_violations=fields))
    if error.retry_after_s is not None:
        details.append(RetryInfo(retry_delay=_duration(error.retry_after_s)))
    return GRPCError(error.status, error.detail or None, details)


def from_grpc_error(error: GRPCError) -> CallError:
    """Returns the error as the other process has raised it."""
    reason = _REASONS.get(error.status, "INTERNAL")
    violations: tuple[Violation, ...] = ()
    retry_after_s: float | None = None
    for detail in error.details or ():
        if isinstance(detail, ErrorInfo) and detail.domain == DOMAIN:
            reason = detail.reason
        elif isinstance(detail, BadRequest):
            violations = tuple(Violation(v.field, v.reason, v.description) for v in detail.field_violations)
        elif isinstance(detail, RetryInfo):
            retry_after_s = detail.retry_delay.ToNanoseconds() / 1e9
    return CallError(error.status, reason, error.message or "", violations, retry_after_s)


#: What grpclib raises besides GRPCError when the transport fails.
TRANSPORT_ERRORS = (asyncio.TimeoutError, OSError, StreamTerminatedError, ProtocolError)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
