"""What other services must learn of, sooner or later."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """A user is gone for good. event_id: a UUIDv7. deleted_by: the user, or an administrator."""

    event_id: str
    user_id: str
    deleted_by: str
    at: datetime
    request_id: str
