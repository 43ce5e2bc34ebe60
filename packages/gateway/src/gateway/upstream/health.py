"""What an address says of itself (grpc.health.v1)."""

from enum import Enum


class Health(Enum):
    """unknown: it has not said, or cannot; then its breaker alone is the judge."""

    UNKNOWN = "unknown"
    SERVING = "serving"
    NOT_SERVING = "not_serving"
