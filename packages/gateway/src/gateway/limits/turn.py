"""What the throttle says to one request: a place, or a refusal with its reason."""

from dataclasses import dataclass
from enum import Enum

from service_kit.request.clients import Client


class ShedCause(Enum):
    """Why a request is sent away."""

    #: As many wait as may.
    QUEUE_FULL = "queue_full"
    #: Those who wait already would keep it waiting for longer than it may.
    QUEUE_SLOW = "queue_slow"
    #: By the time that it had its answer, its deadline would have passed.
    DEADLINE = "deadline"
    #: It has waited for as long as it may, against expectation.
    WAITED = "waited"
    #: Its client has all the places that one client may have, and waits for more with as many requests as it may.
    CLIENT_SHARE = "client_share"


@dataclass(frozen=True, slots=True)
class Shed:
    """A request that is sent away. limit: how many may be inside. retry_after_s: when to come again, in seconds."""

    cause: ShedCause
    limit: int
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Place:
    """A request that may go on; `Lane.leave` takes the place back, once.

    entered_at: on the clock of time.monotonic(), in seconds. calm: no crowd was met. is_new: one of the first for its
    method. client: whose share it is part of.
    """

    method: str
    entered_at: float
    calm: bool
    is_new: bool
    client: Client | None = None
