"""The statements of a page of accounts.

Each page is a walk along one index, from a position backwards, until it is full (see audit_events.py, whose rules are
the same). An email has one account at most, so with one there is nothing to walk along.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString

from user_svc.adapters.user_rows import COLUMNS
from user_svc.domain.user_listing import UserFilters, UserPosition

# Put together from constants of this file only; every value is a parameter.
# ruff: noqa: S608

# A bound that is not given is infinite, so that one plan, a range of the index, serves every page.
_LOWEST_ID: LiteralString = "00000000-0000-0000-0000-000000000000"
_SINCE: LiteralString = f"COALESCE(%(since)s::timestamptz, '-infinity'), '{_LOWEST_ID}'::uuid"
_BEFORE: LiteralString = "COALESCE(%(before)s::timestamptz, 'infinity'), %(before_id)s::uuid"


def _walk(columns: LiteralString = "", values: LiteralString = "") -> LiteralString:
    """Where the columns have the values, along the index of these columns and (created_at, user_id)."""
    # Qualified, since the columns are also the names of what is selected, as text.
    order = "".join(f"users.{column} DESC, " for column in columns.split(", ") if column)
    return f"""
    SELECT {COLUMNS} FROM users
    WHERE ({columns}created_at, users.user_id) >= ({values}{_SINCE})
      AND ({columns}created_at, users.user_id) < ({values}{_BEFORE})
    ORDER BY {order}created_at DESC, users.user_id DESC LIMIT %(limit)s"""


#: Without and with a role.
ALL: LiteralString = _walk()
OF_A_ROLE: LiteralString = _walk("role, ", "%(role)s, ")
OF_AN_EMAIL: LiteralString = f"""
    SELECT {COLUMNS} FROM users
    WHERE lower(email) = lower(%(email)s) AND role = COALESCE(%(role)s, role)
      AND (created_at, users.user_id) >= ({_SINCE}) AND (created_at, users.user_id) < ({_BEFORE})
    LIMIT %(limit)s"""


def statement_of(filters: UserFilters) -> LiteralString:
    """The statement that serves the filters; its values are `parameters_of`."""
    if filters.email is not None:
        return OF_AN_EMAIL
    return ALL if filters.role is None else OF_A_ROLE


def parameters_of(filters: UserFilters, behind: UserPosition | None, limit: int) -> Mapping[str, Any]:
    """What the statements take."""
    # No id is before the lowest one, so nothing of `until` itself is in the list.
    before: datetime | None
    before_id: str
    before, before_id = filters.until, _LOWEST_ID
    if behind is not None and (before is None or behind.created_at < before):
        before, before_id = behind.created_at, behind.user_id
    return {
        "role": filters.role,
        "email": filters.email,
        "since": filters.since,
        "before": before,
        "before_id": before_id,
        "limit": limit,
    }
