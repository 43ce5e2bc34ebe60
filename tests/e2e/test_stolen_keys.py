"""Reuse of a copied session key is detected, regardless of the services that owner and thief use."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.accounts import Account, log_in, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.renewals import assert_renewed, present
from tests.e2e.running_stack import RunningStack, StartStack
from tests.e2e.shapes import assert_problem, assert_success
from tests.running.polling import eventually

GRACE_S = 1.0


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    return start_stack({"USER_SVC_SESSION_GRACE_S": str(GRACE_S)})


@pytest.fixture(scope="module")
def api(stack: RunningStack) -> Iterator[Api]:
    with Api(stack.url) as client:
        yield client


@pytest.fixture
def victim(api: Api) -> Account:
    return register(api)


def use(api: Api, token: str) -> None:
    """Sends a request that only order-svc sees."""
    assert_success(api.call("ListOrders", token=token), 200)


def audited(api: Api, stack: RunningStack, user_id: str) -> list[str]:
    """Waits for a reuse in the audit log, and returns the session events of the user."""
    email, password = unique_email("admin"), unique_password()
    stack.create_admin(email, password)
    admin = log_in(api, email, password)

    def kinds() -> list[str] | None:
        response = api.call("ListAuditEvents", fields={"user_id": user_id}, token=admin.token)
        found = [event["kind"] for event in response.json()["events"]]
        return found if "session_reused" in found else None

    return eventually(kinds, within_s=10)


def test_reuse_of_a_copied_session_key_ends_the_session(api: Api, stack: RunningStack, victim: Account) -> None:
    """One holder, owner or thief, renews and uses only order routes; the other follows after the grace period."""
    copied = victim.cookie
    renewed = present(api, victim.cookie, "ListOrders")
    token, cookie = renewed.headers["X-Access-Token"], assert_renewed(renewed)
    use(api, token)
    time.sleep(GRACE_S + 0.5)  # the grace period is a promise to clients: there is no event to wait for
    assert_problem(present(api, copied, "ListOrders"), 401, "SESSION_REUSED")
    assert_problem(present(api, cookie, "ListOrders"), 401, "SESSION_INVALID")
    eventually(lambda: api.call("ListOrders", token=token).status_code == 401 or None, within_s=2)
    assert audited(api, stack, victim.user_id).count("session_reused") == 1


def test_lost_response_does_not_count_as_theft(api: Api, victim: Account) -> None:
    """The gateway itself uses the new token for the renewing request: that does not prove that the client has it."""
    lost = assert_renewed(present(api, victim.cookie, "ListOrders"))
    use(api, victim.token)
    time.sleep(GRACE_S + 0.5)
    assert assert_renewed(present(api, victim.cookie, "ListOrders")) == lost


def test_predecessor_of_a_session_key_is_accepted_within_the_grace_period(api: Api, victim: Account) -> None:
    renewed = present(api, victim.cookie, "ListOrders")
    use(api, renewed.headers["X-Access-Token"])
    assert assert_renewed(present(api, victim.cookie, "ListOrders")) == assert_renewed(renewed)
