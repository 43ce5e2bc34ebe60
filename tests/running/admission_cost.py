"""The cost of requests before they are validated: the longest event-loop step of each, in processor time."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from time import thread_time
from typing import cast

from gateway.transcoding.body_bounds import MAX_BODY_BYTES, body_bounds
from service_kit.contract import Contract

from tests.examples.hostile_requests import BODIES, FIELDS, TARGETS, Headers
from tests.fuzz.step_loop import StepLoop
from tests.running.in_process_gateway import TOKEN, ask, in_process_gateway

_TOKEN_FIELD = (b"authorization", b"Bearer " + TOKEN)
_JSON = (b"content-type", b"application/json")
#: The minimum of this many measurements excludes other work on the machine.
_MEASUREMENTS = 3


@dataclass(frozen=True)
class Hostile:
    """A request that is expensive by design. kind, form: for reports."""

    kind: str
    form: str
    verb: str
    target: bytes
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class Cost:
    """A measured request. step_s: the longest event-loop step, in seconds of processor time."""

    request: Hostile
    step_s: float
    status: int


def hostile_requests(contract: Contract) -> Iterator[Hostile]:
    """Yields the largest bodies for each method, the largest header fields and targets, and the gateway's pages."""
    for method in contract.methods.values():
        for binding in method.bindings[:1]:
            most = body_bounds(contract, method, binding).within_bytes(MAX_BODY_BYTES)
            for form, body in BODIES.items():
                target = binding.path.replace("{", "").replace("}", "").encode()
                yield Hostile(method.name, form, binding.http_method, target, [_TOKEN_FIELD, _JSON], body(most))
    for form, fields in FIELDS.items():
        headers = fields if fields[0][0] == b"authorization" else [_TOKEN_FIELD, *fields]
        yield Hostile("GET", form, "GET", b"/api/v1/orders", headers)
        yield Hostile("POST", form, "POST", b"/api/v1/orders", headers, b"{}")
        yield Hostile("page", form, "GET", b"/openapi.json", fields)
    for form, target in TARGETS.items():
        yield Hostile("target", form, "GET", target, [_TOKEN_FIELD])
    for page in (b"/openapi.json", b"/docs", b"/docs/swagger-ui-bundle.js"):
        yield Hostile("page", page.decode(), "GET", page, [(b"accept-encoding", b"gzip")])


def costs_of(contract: Contract, only: str | None = None) -> list[Cost]:
    """Sends each request to an in-process gateway, and returns the most expensive first. only: one method, by name."""
    app = in_process_gateway(contract)
    costs: list[Cost] = []
    with asyncio.Runner(loop_factory=StepLoop) as runner:
        loop = cast("StepLoop", runner.get_loop())
        for request in hostile_requests(contract):
            if only is not None and request.kind != only:
                continue
            steps_s: list[float] = []
            for _ in range(_MEASUREMENTS):
                loop.longest_step_s = 0.0
                answer = runner.run(ask(app, request.verb, request.target, request.headers, request.body))
                steps_s.append(loop.longest_step_s)
            costs.append(Cost(request, min(steps_s), answer.status))
    return sorted(costs, key=lambda cost: cost.step_s, reverse=True)


def reference_s() -> float:
    """Returns the processor time of a Python loop that takes 10 ms on the machine where the limit was chosen."""
    least_s = float("inf")
    for _ in range(5):
        begun, total = thread_time(), 0
        for number in range(320_000):
            total += number & 7
        least_s = min(least_s, thread_time() - begun)
    return least_s
