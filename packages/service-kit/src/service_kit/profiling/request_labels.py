"""The request that a task works on, as labels of a sample."""

import asyncio
import gc
import sys
from contextvars import Context
from typing import Any

from service_kit.profiling.profile import Labels
from service_kit.request.context import RequestContext, request_in


def labels_of(request: RequestContext | None) -> Labels:
    """Returns route and RPC, where known; both come from the contract, so their number is bounded."""
    if request is None:
        return ()
    known = (("route", request.route), ("rpc", request.rpc))
    return tuple(label for label in known if label[1])


def request_of(task: "asyncio.Task[Any]") -> RequestContext | None:
    """Returns the request that a task works on, None if there is none."""
    context = _context_of(task)
    return request_in(context) if context is not None else None


def _context_of(task: "asyncio.Task[Any]") -> Context | None:
    if sys.version_info >= (3, 12):
        return task.get_context()
    # Before Python 3.12, only the garbage collector can see a task's context.
    return next((each for each in gc.get_referents(task) if isinstance(each, Context)), None)
