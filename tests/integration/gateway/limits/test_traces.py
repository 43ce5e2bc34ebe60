"""Requests that share a command of the store: each records its own wait, and only its own."""

import asyncio

import pytest
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiterUnavailable
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from opentelemetry.trace import format_span_id
from service_kit.request.context import RequestContext, within_request
from service_kit.telemetry.trace_context import continue_trace

from tests.running.recorded_traces import Traces
from tests.running.servers import RunningRedis, free_port

_QUOTA = Quota(1000, 60)


async def ask(limiter: RedisLimiter, traces: Traces | None) -> str:
    """Ask once, as a request that is recorded where there are traces; the id of its span."""
    request = RequestContext("r", continue_trace(None))
    if traces is not None:
        request.span = traces.begin_one()
    with within_request(request):
        try:
            await limiter.admit("traced", _QUOTA)
        finally:
            if request.span is not None:
                request.span.end()
    return request.span.trace.span_id if request.span is not None else ""


@pytest.mark.parametrize("first_is_recorded", [True, False])
async def test_each_request_has_its_own_span(redis_server: RunningRedis, first_is_recorded: bool) -> None:
    traces = Traces()
    async with limiter_client(redis_server.url) as client:
        limiter = RedisLimiter(client, decision_s=5)
        recorded = [traces if first_is_recorded else None, traces, None, traces]
        asked = [each for each in await asyncio.gather(*(ask(limiter, each) for each in recorded)) if each]
    steps = [span for span in traces.ended if span.name == "EVALSHA"]
    assert sorted(format_span_id(step.parent.span_id) for step in steps if step.parent) == sorted(asked)
    assert {span.name for span in traces.ended} == {"GET", "EVALSHA"}


async def test_unavailable_store_is_an_error_of_the_span() -> None:
    traces = Traces()
    async with limiter_client(f"redis://127.0.0.1:{free_port()}/0") as client:
        with pytest.raises(RateLimiterUnavailable):
            await ask(RedisLimiter(client, decision_s=5), traces)
    step = traces.ended[0]
    assert (step.name, step.status.is_ok) == ("EVALSHA", False)
    assert dict(step.attributes or {})["error.type"] == "ConnectionError"
