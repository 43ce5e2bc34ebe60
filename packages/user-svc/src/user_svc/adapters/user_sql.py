"""The statements of the repository of accounts.

Each page of a list is one backward scan of an index, from a position until the page is full; audit_log.py says why the
statements have this form. With an email, there is at most one account and nothing to scan.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString

from user_svc.domain.user_listing import UserFilters, UserPosition

# The statements consist of constants of this file; every value is a parameter.
# ruff: noqa: S608

#: The columns of an account, in the order in which user_repository.user_of() reads them.
_COLUMNS: LiteralString = "user_id::text, email, name, role, password_hash, password_version, created_at"

ADD: LiteralString = """
    INSERT INTO users (user_id, email, name, role, password_hash, password_version, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)"""
#: The unique index that ADD violates if the email is taken.
EMAIL_INDEX = "users_email_key"
GET: LiteralString = f"SELECT {_COLUMNS} FROM users WHERE user_id = %s"
GET_FOR_UPDATE: LiteralString = f"{GET} FOR UPDATE"
GET_OF_SESSION: LiteralString = f"""
    SELECT {_COLUMNS} FROM users
    WHERE user_id = %s AND NOT EXISTS (SELECT FROM ended_sessions WHERE session_id = %s)"""
GET_BY_EMAIL: LiteralString = f"SELECT {_COLUMNS} FROM users WHERE lower(email) = lower(%s)"
CHANGE_PASSWORD: LiteralString = f"""
    UPDATE users SET password_hash = %s, password_version = password_version + 1
    WHERE user_id = %s AND password_version = %s
    RETURNING {_COLUMNS}"""
REHASH: LiteralString = "UPDATE users SET password_hash = %s WHERE user_id = %s AND password_version = %s RETURNING 1"
CHANGE_ROLE: LiteralString = "UPDATE users SET role = %s, password_version = password_version + 1 WHERE user_id = %s"
#: Waits for a concurrent change of the role, and sees its result.
REMOVE_ORDINARY: LiteralString = "DELETE FROM users WHERE user_id = %s AND role <> 'admin'"
REMOVE: LiteralString = "DELETE FROM users WHERE user_id = %s"

# A bound that is not given is infinite, so that one plan, a range of the index, serves every page.
_LOWEST_ID: LiteralString = "00000000-0000-0000-0000-000000000000"
_SINCE: LiteralString = f"COALESCE(%(since)s::timestamptz, '-infinity'), '{_LOWEST_ID}'::uuid"
_BEFORE: LiteralString = "COALESCE(%(before)s::timestamptz, 'infinity'), %(before_id)s::uuid"


def _scan(columns: LiteralString = "", values: LiteralString = "") -> LiteralString:
    """Returns a scan of the index of these columns and (created_at, user_id), where the columns have the values."""
    # Qualified, since a selected column, which is text, may have the same name.
    order = "".join(f"users.{column} DESC, " for column in columns.split(", ") if column)
    return f"""
    SELECT {_COLUMNS} FROM users
    WHERE ({columns}created_at, users.user_id) >= ({values}{_SINCE})
      AND ({columns}created_at, users.user_id) < ({values}{_BEFORE})
    ORDER BY {order}created_at DESC, users.user_id DESC LIMIT %(limit)s"""


PAGE: LiteralString = _scan()
PAGE_OF_ROLE: LiteralString = _scan("role, ", "%(role)s, ")
PAGE_OF_EMAIL: LiteralString = f"""
    SELECT {_COLUMNS} FROM users
    WHERE lower(email) = lower(%(email)s) AND role = COALESCE(%(role)s, role)
      AND (created_at, users.user_id) >= ({_SINCE}) AND (created_at, users.user_id) < ({_BEFORE})
    LIMIT %(limit)s"""


def page_statement(filters: UserFilters) -> LiteralString:
    """Returns the statement for a page with these filters; its parameters are `page_parameters`."""
    if filters.email is not None:
        return PAGE_OF_EMAIL
    return PAGE if filters.role is None else PAGE_OF_ROLE


def page_parameters(filters: UserFilters, behind: UserPosition | None, limit: int) -> Mapping[str, Any]:
    """Returns the parameters of the page's statement."""
    before: datetime | None
    before_id: str
    # No id is below the lowest one, so accounts created at `until` are excluded.
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
