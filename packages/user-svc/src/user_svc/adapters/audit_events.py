"""The audit log in PostgreSQL, read a page at a time.

Each page is a walk along one index, from a position backwards, until it is full. The conditions and the order name all
of the index's columns, so that no index over all users will do: for `subject = …`, the planner likes to look through
the whole log by time, which is a bad idea for a user who was busy long ago. And the limit has to be known: a plan for
pages of any size sorts instead, so nothing is prepared. (A test looks at the plans.)

The log is a table for each month, with the same indexes. A page walks along those of every month that the bounds leave
over, side by side, and takes the newest first: each month beyond the first costs one descent of its index.

A user's events are two walks, since no index has "actor or subject" in the order of time. Most are found by both;
UNION keeps one of each.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import fetch_all
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, kind_of
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition

# Put together from constants of this file only; every value is a parameter.
# ruff: noqa: S608

_COLUMNS: LiteralString = "audit_id, at, event, actor::text, subject::text, ip, request_id, detail"
# A bound that nobody gave is infinite, so that one plan, a range of the index, serves every page. Numbers begin at 1.
_SINCE: LiteralString = "COALESCE(%(since)s::timestamptz, '-infinity'), 0"
_BEFORE: LiteralString = "COALESCE(%(before)s::timestamptz, 'infinity'), %(before_number)s::bigint"
# Says nothing new, but in the form by which the planner finds out which months to leave alone.
_MONTHS: LiteralString = (
    "at >= COALESCE(%(since)s::timestamptz, '-infinity') AND at <= COALESCE(%(before)s::timestamptz, 'infinity')"
)
_NEWEST: LiteralString = "at DESC, audit_id DESC LIMIT %(limit)s"
_SUBJECT: LiteralString = "subject, "
_ACTOR: LiteralString = "actor, "
_USER_ID: LiteralString = "%(user_id)s, "
_EVENT: LiteralString = "event, "
_KIND: LiteralString = "%(kind)s, "


def _walk(columns: LiteralString = "", values: LiteralString = "") -> LiteralString:
    """Where the columns have the values, along the index of these columns and (at, audit_id)."""
    # Qualified, since the columns are also the names of what is selected, as text.
    order = "".join(f"audit_log.{column} DESC, " for column in columns.split(", ") if column)
    return f"""
    SELECT {_COLUMNS} FROM audit_log
    WHERE ({columns}at, audit_id) >= ({values}{_SINCE}) AND ({columns}at, audit_id) < ({values}{_BEFORE}) AND {_MONTHS}
    ORDER BY {order}{_NEWEST}"""


def _either(one: LiteralString, other: LiteralString) -> LiteralString:
    return f"({one}) UNION ({other}) ORDER BY {_NEWEST}"


#: By whether a user is asked for, and whether a kind is.
STATEMENTS: Mapping[tuple[bool, bool], LiteralString] = {
    (False, False): _walk(),
    (False, True): _walk(_EVENT, _KIND),
    (True, False): _either(_walk(_SUBJECT, _USER_ID), _walk(_ACTOR, _USER_ID)),
    (True, True): _either(_walk(_SUBJECT + _EVENT, _USER_ID + _KIND), _walk(_ACTOR + _EVENT, _USER_ID + _KIND)),
}


class PostgresAuditLog:
    """The port AuditLog, over a pool of connections in autocommit."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def page(self, filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Sequence[AuditEntry]:
        statement = STATEMENTS[filters.user_id is not None, filters.kind is not None]
        return [_entry(row) for row in await fetch_all(self._pool, statement, parameters_of(filters, behind, limit))]


def parameters_of(filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Mapping[str, Any]:
    """What the statements take."""
    before, before_number = _upper_bound(filters.until, behind)
    return {
        "user_id": filters.user_id,
        "kind": filters.kind,
        "since": filters.since,
        "before": before,
        "before_number": before_number,
        "limit": limit,
    }


def _upper_bound(until: datetime | None, behind: AuditPosition | None) -> tuple[datetime | None, int]:
    """What comes first of both ends, as (at, audit_id); no number is before 0, so nothing of ``until`` itself is."""
    ends = [(until, 0)] if until is not None else []
    if behind is not None:
        ends.append((behind.at, behind.number))
    return min(ends, default=(None, 0))


def _entry(row: Sequence[Any]) -> AuditEntry:
    number, at, event, actor, subject, ip, request_id, detail = row
    origin = Origin(address=ip, request_id=request_id)
    return AuditEntry(number, AuditEvent(kind_of(event), actor, subject, origin, detail, at))
