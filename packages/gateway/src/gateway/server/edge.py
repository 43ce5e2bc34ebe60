"""What all connections of the process share."""

from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from gateway.server.bounds import Bounds
from gateway.server.hypercorn_adapter import EdgeConfig, worker_context
from gateway.server.refusals import Refusals
from gateway.server.telemetry import EdgeTelemetry
from gateway.server.unsent_budget import UnsentBudget


@dataclass(slots=True)
class Edge:
    """The application, the bounds, and the state that all connections share."""

    app: ASGIApp
    bounds: Bounds
    config: EdgeConfig
    refusals: Refusals
    telemetry: EdgeTelemetry
    # The memory that responses take which clients have not read.
    unsent: UnsentBudget
    # How long an idle connection stays open for a request on its way, once the connection is about to end.
    notice_s: float
    # Whether the process accepts only the last requests of its connections.
    draining: bool = False
    context: Any = field(default_factory=worker_context)
