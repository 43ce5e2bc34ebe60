"""Which request a task or a moment belongs to, as labels of a sample."""

import asyncio
import gc
import sys
from contextvars import Context
from typing import Any

from service_kit.profiling.profile import Labels
from service_kit.request.context import RequestContext, request_in


def labels_of(request: RequestContext | None) -> Labels:
    """Route and RPC, where known; both come from the contract, so there are few of them."""
    if request is None:
        return ()
    known = (("route", request.route), ("rpc", request.rpc))
    return tuple(label for label in known if label[1])


def request_of(task: "asyncio.Task[Any]") -> RequestContext | None:
    """The request that a task works on."""
    context = _context_of(task)
    return request_in(context) if context is not None else None


def _context_of(task: "asyncio.Task[Any]") -> Context | None:
    if sys.version_info >= (3, 12):
        return task.get_context()
    # Python 3.11 shows a task's context to nobody but the garbage collector.
    return next((each for each in gc.get_referents(task) if isinstance(each, Context)), None)
