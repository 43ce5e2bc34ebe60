"""One attempt at a call, over a connection to one address."""

import asyncio
from time import monotonic
from typing import Any

from google.protobuf.message import DecodeError
from grpclib.client import Stream
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from grpclib.metadata import Deadline
from h2.exceptions import ProtocolError as H2ProtocolError
from loguru import logger
from service_kit.contract import Method
from service_kit.grpc.errors import from_grpc_error
from service_kit.grpc.grpclib_adapter import was_sent
from service_kit.grpc.metadata import outgoing
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError

from gateway.upstream.connections import AddressFullError, Connections
from gateway.upstream.failure import FAILURES, AttemptError, ConnectionLostError, PeerRefusedError

#: With less than this part of the time that the contract gives, a call that is late says nothing against the service:
#: a client may ask for a millisecond, and must not open the breaker for all others.
_FAIR_SHARE = 0.5
#: A peer that has sent nothing for so long, in seconds, hangs: it is sent a ping every second.
_SILENT_S = 1.5
_DRAINING = "DRAINING"

#: grpclib's words for an answer that is cut short, or compressed, and protobuf's for one that is none.
_UNREADABLE = (AssertionError, NotImplementedError, DecodeError)
#: All that a call may end with, connections that fail and peers that speak no HTTP/2 included.
_KNOWN = (GRPCError, OSError, StreamTerminatedError, ProtocolError, H2ProtocolError, *_UNREADABLE)


async def call_unary(
    connections: Connections, method: Method, message: Any, request: RequestContext, deadline: float
) -> Any:
    """Call ``method`` once, on behalf of ``request``; the response message.

    deadline: on the clock of time.monotonic(). CallError: the service's answer; AttemptError: it has failed.
    """
    given_s = deadline - monotonic()
    cancelling = _cancelling()
    call: Stream[Any, Any] | None = None
    connection = connections.free()
    try:
        if connection is None:
            connection = await connections.opened(deadline)
        call = connection.request(
            method.path,
            Cardinality.UNARY_UNARY,
            method.request_class,
            method.response_class,
            deadline=Deadline.from_timeout(deadline - monotonic()),
            metadata=outgoing(request),
        )
        connection.calls.add(call)
        if method.may_repeat(message):
            connection.repeatable.add(call)
        try:
            async with call:
                await call.send_message(message, end=True)
                reply = await call.recv_message()
        finally:
            connection.release(call)
    except _KNOWN as exc:
        _forget_cancellation(cancelling)
        is_silent = connection is None or connection.silent_s >= _SILENT_S
        raise _failure(exc, method, call, given_s, is_silent=is_silent) from exc
    if reply is None:
        logger.error("{} said OK and gave no answer", method.full_name)
        raise AttemptError(Status.INTERNAL, "INTERNAL")
    return reply


def _failure(
    error: Exception, method: Method, call: Stream[Any, Any] | None, given_s: float, *, is_silent: bool
) -> CallError:
    if isinstance(error, GRPCError):
        return _answer(error, method, given_s)
    if isinstance(error, TimeoutError):
        return _late(method, given_s, is_silent=is_silent)
    if isinstance(error, _UNREADABLE):
        logger.opt(exception=error).error("{} gave an answer that cannot be read", method.full_name)
        return AttemptError(Status.INTERNAL, "INTERNAL")
    is_sent = call is not None and was_sent(call)
    refused = isinstance(error, PeerRefusedError)
    # A connection is lost once, with all its calls: counted by each of them, it would open the breaker by itself.
    is_counted = not isinstance(error, ConnectionLostError) or error.is_first
    return AttemptError(
        Status.UNAVAILABLE,
        "UPSTREAM_UNAVAILABLE",
        retry_after_s=1,
        never_ran=refused or not is_sent,
        lost=refused or isinstance(error, ConnectionLostError),
        neutral=refused or isinstance(error, AddressFullError) or not is_counted,
    )


def _answer(error: GRPCError, method: Method, given_s: float) -> CallError:
    told = from_grpc_error(error)
    if told.status is Status.DEADLINE_EXCEEDED:
        return _late(method, given_s)
    if told.status is Status.UNIMPLEMENTED:
        logger.bind(upstream=method.upstream, rpc=method.full_name).error("the upstream does not have this method")
    if told.status not in FAILURES:
        return told
    # Refused before any handler saw it: that is what the reason promises.
    drained = told.reason == _DRAINING
    return AttemptError(
        told.status, told.reason, told.detail, told.violations, told.retry_after_s, never_ran=drained, neutral=drained
    )


def _late(method: Method, given_s: float, *, is_silent: bool = False) -> AttemptError:
    is_fair = given_s >= method.policy.deadline_s * _FAIR_SHARE
    return AttemptError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", neutral=not is_fair, silent=is_silent)


def _cancelling() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def _forget_cancellation(before: int) -> None:
    """Undoes the cancellation by which grpclib ends a call: it cancels the waiting task, and does not uncancel it.

    Otherwise an `asyncio.timeout` around this task would not recognise its own cancellation.
    """
    task = asyncio.current_task()
    while task is not None and task.cancelling() > before:
        task.uncancel()
