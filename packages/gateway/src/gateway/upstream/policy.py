"""How an upstream is cared for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpstreamPolicy:
    """resolve_every_s: how often names are resolved anew. connect_timeout_s: how long opening a connection may take.

    breaker_failures, breaker_reset_s: of the breaker of each address.
    retries: how often a call that may be repeated is sent again at most. retry_budget: the part of all requests that
    may be sent again, from 0 to 1.
    """

    resolve_every_s: float = 10.0
    connect_timeout_s: float = 1.0
    breaker_failures: int = 5
    breaker_reset_s: float = 1.0
    retries: int = 2
    retry_budget: float = 0.1
