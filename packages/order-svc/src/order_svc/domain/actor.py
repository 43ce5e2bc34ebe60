"""On whose behalf something is done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who has proved who they are, and the request that they do it with.

    user_id: a UUID in lower case. is_admin: may see and change what others own. request_id: goes into the audit trail.
    """

    user_id: str
    is_admin: bool
    request_id: str
