"""Listing the audit log."""

from dataclasses import replace
from datetime import timedelta

import pytest
from user_svc.domain.audit import AuditEvent
from user_svc.domain.audit_listing import AuditFilters, AuditPosition
from user_svc.domain.errors import AccessDeniedError, PeriodEmptyError
from user_svc.use_cases.list_audit_events import ListAuditEvents

from tests.examples.audit_events import ADMIN, BOB, NOON, happened
from tests.fakes.audit_log import InMemoryAuditLog

EVERYTHING = AuditFilters()


async def test_only_administrators_list_audit_events() -> None:
    listing = ListAuditEvents(InMemoryAuditLog())
    with pytest.raises(AccessDeniedError):
        await listing(replace(ADMIN, is_admin=False), AuditFilters(user_id=ADMIN.user_id), None, 20)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
async def test_pages_add_up_to_the_whole_log(size: int) -> None:
    log = InMemoryAuditLog()
    events = [happened(number) for number in range(4)]
    await log.write(*events)
    seen: list[AuditEvent] = []
    behind: AuditPosition | None = None
    for _ in range(-(-4 // size)):
        page = await ListAuditEvents(log)(ADMIN, EVERYTHING, behind, size)
        assert len(page.entries) <= size
        seen += [entry.event for entry in page.entries]
        behind = page.next
    assert seen == events[::-1]
    assert behind is None


async def test_event_added_between_pages_moves_no_page() -> None:
    log = InMemoryAuditLog()
    listing = ListAuditEvents(log)
    events = [happened(number) for number in range(4)]
    await log.write(*events)
    first = await listing(ADMIN, EVERYTHING, None, 2)
    await log.write(happened(9, actor=BOB), happened(-1, actor=BOB))
    second = await listing(ADMIN, EVERYTHING, first.next, 2)
    assert [entry.event for entry in (*first.entries, *second.entries)] == events[::-1]
    assert second.next is not None  # the event that was written late


async def test_empty_log_has_one_empty_page() -> None:
    page = await ListAuditEvents(InMemoryAuditLog())(ADMIN, EVERYTHING, None, 20)
    assert (page.entries, page.next) == ((), None)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-1)])
def test_empty_period_is_refused(length: timedelta) -> None:
    with pytest.raises(PeriodEmptyError):
        AuditFilters(since=NOON, until=NOON + length)


def test_period_may_be_open_at_either_end() -> None:
    assert AuditFilters(since=NOON).until is AuditFilters(until=NOON).since is None
