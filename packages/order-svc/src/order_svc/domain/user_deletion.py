"""A user is gone, and takes some of what is kept here along."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserDeletion:
    """user_id: whose. deleted_by: the user, or an administrator. request_id: with which request."""

    user_id: str
    deleted_by: str
    request_id: str
    at: datetime
