"""ListUsers: pages of accounts, for administrators."""

from datetime import UTC, datetime

import pytest
from user_svc.domain.actor import Actor
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import AccessDeniedError, PeriodEmptyError
from user_svc.domain.user import User
from user_svc.domain.user_listing import UserFilters, UserPosition

from tests.examples.users import a_user, an_event
from tests.unit.user_svc.world import World

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BOSS = Actor(a_user().user_id, "S" * 22, is_admin=True)


async def test_only_administrators_list_users(world: World) -> None:
    with pytest.raises(AccessDeniedError):
        await world.list_users(Actor(a_user().user_id, "S" * 22, is_admin=False), UserFilters(), None, 20)


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2])])
async def test_last_page_has_no_next_position(world: World, count: int, pages: list[int]) -> None:
    users = [a_user(created_at=NOON) for _ in range(count)]
    for user in users:
        await world.users.add(user, an_event(AuditKind.REGISTERED, user))
    seen: list[User] = []
    behind: UserPosition | None = None
    for size in pages:
        page = await world.list_users(BOSS, UserFilters(), behind, 2)
        assert len(page.users) == size
        seen += page.users
        behind = page.next
    assert behind is None
    assert seen == sorted(users, key=lambda user: user.user_id, reverse=True)


async def test_next_position_is_that_of_the_last_account(world: World) -> None:
    user = a_user()
    assert UserPosition.behind(user) == UserPosition(user.created_at, user.user_id)


def test_empty_period_is_refused() -> None:
    with pytest.raises(PeriodEmptyError):
        UserFilters(since=NOON, until=NOON)
