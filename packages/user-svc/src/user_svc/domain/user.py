"""Accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user may do: USER, with what the user owns; ADMIN, with everything."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    user_id: a UUIDv7 in its lower-case hyphenated form. email: as it was registered; unique without regard to case.
    password_hash: in PHC string format. password_version: counts the changes of the password and of the role, from 1;
    a session has the one that it was opened under, and ends at its next renewal if the account's is higher.
    """

    user_id: str
    email: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    password_version: int
    created_at: datetime

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True)
class RoleChange:
    """The account after its role was set. is_made: whether it had another role before."""

    user: User
    is_made: bool


@dataclass(frozen=True, slots=True)
class UserDeletion:
    """The event that an account was deleted, which other services receive.

    event_id: a UUIDv7. deleted_by: the id of the user, or of an administrator.
    """

    event_id: str
    user_id: str
    deleted_by: str
    at: datetime
    request_id: str
