"""The number of series does not grow with made-up paths, methods and users."""

import asyncio
import re
from collections import Counter

import pytest

from tests.e2e.signers import signer_of
from tests.faults.people import newcomer
from tests.integration.telemetry.flood import MADE_UP, Flood
from tests.running.exposition import Series, exposition, series
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

_PROCESSES = ("gateway", "user-svc", "order-svc")
_REQUESTS, _METHODS = 10_000, 300
#: One request of each kind first, so that later growth comes only from the made-up values.
_FIRST = 64
#: Series of breakers, limits and timeouts may appear for the first time under this load.
_NEW_AT_MOST = 16
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16}", re.IGNORECASE)
#: The labels that identify a process.
_OWN = {"target_info", "headrace_build_info"}


def told(stack: Stack) -> dict[str, dict[Series, float]]:
    return {name: series(exposition(stack.admin_url(name))) for name in _PROCESSES}


async def flooded(stack: Stack) -> tuple[dict[str, dict[Series, float]], Counter[int]]:
    """The metrics of each process after the first requests, and the statuses of all later responses."""
    flood = Flood(signer_of(stack, (await newcomer(stack.url)).token))
    await flood.send(stack.url, range(_FIRST))
    await flood.send_methods(stack.url, range(1))
    before = told(stack)
    statuses = await flood.send(stack.url, range(_FIRST, _FIRST + _REQUESTS))
    statuses += await flood.send_methods(stack.url, range(1, 1 + _METHODS))
    for name in ("user-svc", "order-svc"):
        assert (await flood.call_methods(stack.grpc_target(name), range(_METHODS)))["UNIMPLEMENTED"] == _METHODS
    return before, statuses


def test_ten_thousand_paths_and_users_add_no_series(stack: Stack) -> None:
    before, statuses = asyncio.run(flooded(stack))
    assert sum(statuses.values()) == _REQUESTS + _METHODS
    assert statuses[501] == _METHODS
    after = told(stack)
    for name in _PROCESSES:
        new = after[name].keys() - before[name].keys()
        assert len(new) <= _NEW_AT_MOST, sorted(new, key=str)[:50]
        assert not [each for each in after[name] if made_up_in(each)]
    assert grown("http_server_request_duration_seconds_count", before["gateway"], after["gateway"]) >= _REQUESTS
    for name in ("user-svc", "order-svc"):
        assert grown("rpc_server_call_duration_seconds_count", before[name], after[name]) > _REQUESTS / 10


def made_up_in(each: Series) -> bool:
    """Returns whether a label holds an id or another value from a client."""
    name, labels = each
    return name not in _OWN and any(MADE_UP in value.lower() or _ID.search(value) for _, value in labels)


def grown(name: str, before: dict[Series, float], after: dict[Series, float]) -> float:
    """Returns the total growth of all series with this name."""
    return sum(value - before.get(each, 0) for each, value in after.items() if each[0] == name)
