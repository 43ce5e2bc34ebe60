"""Reads the audit log in PostgreSQL, a page at a time.

Each page is one backward scan of an index, from a position until the page is full. The conditions and the order name
all columns of that index, so that the planner does not use the index by time alone: for `subject = …` it would
otherwise scan the whole log by time, which is slow for a user who was active long ago. The limit must be known to the
planner, too: a plan for any limit sorts instead. So statements are not prepared. (A test checks the plans.)

The log has one partition per month, with the same indexes. A page scans those of all months within its bounds side by
side and merges them: each month beyond the first costs one descent of its index.

A user's events take two scans, since no index has "actor or subject" in the order of time. UNION removes the events
that both find.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import fetch_all
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, kind_of
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition

# The statements consist of constants of this file; every value is a parameter.
# ruff: noqa: S608

_COLUMNS: LiteralString = "audit_id, at, event, actor::text, subject::text, ip, request_id, detail"
# A bound that is not given is infinite, so that one plan, a range of the index, serves every page. Numbers begin at 1.
_SINCE: LiteralString = "COALESCE(%(since)s::timestamptz, '-infinity'), 0"
_BEFORE: LiteralString = "COALESCE(%(before)s::timestamptz, 'infinity'), %(before_number)s::bigint"
# Redundant, but in the form by which the planner prunes partitions.
_MONTHS: LiteralString = (
    "at >= COALESCE(%(since)s::timestamptz, '-infinity') AND at <= COALESCE(%(before)s::timestamptz, 'infinity')"
)
_NEWEST: LiteralString = "at DESC, audit_id DESC LIMIT %(limit)s"
_SUBJECT: LiteralString = "subject, "
_ACTOR: LiteralString = "actor, "
_USER_ID: LiteralString = "%(user_id)s, "
_EVENT: LiteralString = "event, "
_KIND: LiteralString = "%(kind)s, "


def _scan(columns: LiteralString = "", values: LiteralString = "") -> LiteralString:
    """Returns a scan of the index of these columns and (at, audit_id), where the columns have the values."""
    # Qualified, since a selected column, which is text, may have the same name.
    order = "".join(f"audit_log.{column} DESC, " for column in columns.split(", ") if column)
    return f"""
    SELECT {_COLUMNS} FROM audit_log
    WHERE ({columns}at, audit_id) >= ({values}{_SINCE}) AND ({columns}at, audit_id) < ({values}{_BEFORE}) AND {_MONTHS}
    ORDER BY {order}{_NEWEST}"""


def _either(one: LiteralString, other: LiteralString) -> LiteralString:
    return f"({one}) UNION ({other}) ORDER BY {_NEWEST}"


#: By whether the filters have a user, and whether they have a kind.
STATEMENTS: Mapping[tuple[bool, bool], LiteralString] = {
    (False, False): _scan(),
    (False, True): _scan(_EVENT, _KIND),
    (True, False): _either(_scan(_SUBJECT, _USER_ID), _scan(_ACTOR, _USER_ID)),
    (True, True): _either(_scan(_SUBJECT + _EVENT, _USER_ID + _KIND), _scan(_ACTOR + _EVENT, _USER_ID + _KIND)),
}


class PostgresAuditLog:
    """The port AuditLog."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def page(self, filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Sequence[AuditEntry]:
        statement = STATEMENTS[filters.user_id is not None, filters.kind is not None]
        return [_entry(row) for row in await fetch_all(self._pool, statement, parameters_of(filters, behind, limit))]


def parameters_of(filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Mapping[str, Any]:
    """Returns the parameters of the statements."""
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
    """Returns the earlier of both bounds as (at, audit_id). Numbers begin at 1, so (until, 0) excludes ``until``."""
    ends = [(until, 0)] if until is not None else []
    if behind is not None:
        ends.append((behind.at, behind.number))
    return min(ends, default=(None, 0))


def _entry(row: Sequence[Any]) -> AuditEntry:
    number, at, event, actor, subject, ip, request_id, detail = row
    origin = Origin(address=ip, request_id=request_id)
    return AuditEntry(number, AuditEvent(kind_of(event), actor, subject, origin, detail, at))
