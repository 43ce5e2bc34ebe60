"""What all connections of the process have in common."""

from dataclasses import dataclass, field
from typing import Any

from hypercorn.asyncio.worker_context import WorkerContext
from starlette.types import ASGIApp

from gateway.server.bounds import Bounds
from gateway.server.hypercorn_config import EdgeConfig
from gateway.server.refusals import Refusals
from gateway.server.telemetry import EdgeTelemetry
from gateway.server.unsent_budget import UnsentBudget


@dataclass(slots=True)
class Edge:
    """app: answers the requests. draining: this process takes its last requests.

    unsent: what all responses may take in memory that clients do not read. notice_s: how long a connection that lies
    idle is kept for a request that may be on its way, once its end is near.
    """

    app: ASGIApp
    bounds: Bounds
    config: EdgeConfig
    refusals: Refusals
    telemetry: EdgeTelemetry
    unsent: UnsentBudget
    notice_s: float
    draining: bool = False
    context: Any = field(default_factory=lambda: WorkerContext(None))
