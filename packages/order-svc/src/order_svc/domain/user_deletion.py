"""The deletion of a user account, as user-svc announces it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserDeletion:
    """A user account was deleted.

    Args:
        user_id: the deleted user.
        deleted_by: the id of the user who deleted the account: its owner or an administrator.
        request_id: the id of the request that deleted the account.
        at: when, in UTC.
    """

    user_id: str
    deleted_by: str
    request_id: str
    at: datetime
