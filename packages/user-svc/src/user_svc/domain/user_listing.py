"""Lists of accounts, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from user_svc.domain.errors import PeriodEmptyError
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class UserFilters:
    """Which accounts to list; None: all of them.

    email: in any case. since, until: accounts created at or after the one and before the other.

    Raises:
        PeriodEmptyError: ``since`` is not before ``until``.
    """

    role: Role | None = None
    email: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise PeriodEmptyError


@dataclass(frozen=True, slots=True)
class UserPosition:
    """A place in the list: just behind the account of this time and id."""

    created_at: datetime
    user_id: str

    @classmethod
    def behind(cls, user: User) -> Self:
        return cls(user.created_at, user.user_id)


@dataclass(frozen=True, slots=True)
class UserPage:
    """Accounts, newest first. next: the position of the next page; None on the last page."""

    users: tuple[User, ...]
    next: UserPosition | None
