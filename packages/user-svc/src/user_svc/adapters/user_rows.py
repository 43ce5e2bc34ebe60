"""Rows of the table `users` as accounts."""

from typing import LiteralString

from psycopg.rows import TupleRow

from user_svc.domain.user import Role, User

#: What `user_of` reads.
COLUMNS: LiteralString = "user_id::text, email, name, role, password_hash, password_version, created_at"


def user_of(row: TupleRow) -> User:
    """The account of a row of COLUMNS."""
    user_id, email, name, role, password_hash, password_version, created_at = row
    return User(user_id, email, name, Role(role), password_hash, password_version, created_at)
