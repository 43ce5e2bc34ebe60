"""The user on whose behalf a use case runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated user, and the request that they make.

    Args:
        user_id: a UUID in lower case.
        is_admin: whether the user may see and change the orders of all users.
        request_id: the id of the request; it is written to the audit trail.
    """

    user_id: str
    is_admin: bool
    request_id: str
