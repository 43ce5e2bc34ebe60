"""The port RenewalRecord, in memory."""

from collections.abc import Callable

from user_svc.domain.audit import RENEWAL_RECORD_INTERVAL_S
from user_svc.domain.errors import DependencyUnavailableError


class EveryRenewal:
    """The port RenewalRecord for tests that count renewals: each is due."""

    async def is_due(self, _session_id: str) -> bool:
        return True


class InMemoryRenewalRecord:
    """The port RenewalRecord. now: in Unix seconds. away: raise as if the store was unavailable."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.away = False
        self._now = now
        self._due_at: dict[str, float] = {}

    async def is_due(self, session_id: str) -> bool:
        if self.away:
            raise DependencyUnavailableError("redis")
        if self._now() < self._due_at.get(session_id, 0.0):
            return False
        self._due_at[session_id] = self._now() + RENEWAL_RECORD_INTERVAL_S
        return True
