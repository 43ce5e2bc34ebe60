"""The outcome of asking the throttle for a permit: the permit, or a rejection with its cause."""

from dataclasses import dataclass
from enum import Enum

from service_kit.request.clients import Client


class ShedCause(Enum):
    """Why a request is rejected."""

    #: The queue is full.
    QUEUE_FULL = "queue_full"
    #: The forecast wait is longer than the longest permitted wait.
    QUEUE_SLOW = "queue_slow"
    #: The answer would come after the request's deadline.
    DEADLINE = "deadline"
    #: The request has waited for the longest permitted time, against the forecast.
    WAITED = "waited"
    #: The client holds its share of the permits, and its requests fill its part of the queue.
    CLIENT_SHARE = "client_share"


@dataclass(frozen=True, slots=True)
class Shed:
    """A rejection. limit: permits in all. retry_after_s: when the client may try again, in seconds."""

    cause: ShedCause
    limit: int
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Permit:
    """The permission to run, released once by `ConcurrencyLimiter.release`."""

    #: The full name of the request's method.
    method: str
    #: On the clock of time.monotonic(), in seconds.
    acquired_at: float
    #: No limiter was crowded at that time.
    was_calm: bool
    #: The request is one of the first for its method.
    is_new: bool
    #: The client whose share the permit counts against; None: no share is kept.
    client: Client | None = None
