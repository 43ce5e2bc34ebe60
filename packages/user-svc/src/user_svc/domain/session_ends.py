"""Sessions that were ended before their time, as verifiers of access tokens learn of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that was ended ``age_s`` seconds ago."""

    session_id: str
    age_s: float


@dataclass(frozen=True, slots=True)
class EndedPage:
    """Ended sessions, the longest ago first. until: from when to ask on. more: whether there are more already."""

    ended: Sequence[Ended]
    until: datetime
    more: bool
