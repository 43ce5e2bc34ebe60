"""Accounts and clients that the tests share; a test changes only what it has created itself."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.accounts import Account, log_in, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.bindings import ROWS, STYLES, Style
from tests.e2e.grpc_client import GrpcClient
from tests.e2e.running_stack import ALLOWED_ORIGIN, RunningStack, StartStack
from tests.running.polling import eventually

RENEWING = {
    "USER_SVC_ACCESS_TOKEN_TTL_S": "3",
    "GATEWAY_TOKEN_LEEWAY_S": "0",
    "USER_SVC_TOKEN_LEEWAY_S": "0",
}
"""Short-lived access tokens."""

STRICT = {
    "GATEWAY_RATE_LIMIT_DEFAULT": "10/30s",
    "GATEWAY_RATE_LIMIT_CREDENTIALS": "3/60s",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.1,10.99.0.0/16",
    "GATEWAY_COOKIE_SECURE": "true",
}
"""Small quotas, and client addresses from the test, a trusted proxy behind others in 10.99.0.0/16."""

EXPIRED_ACCOUNTS = 16


@pytest.fixture(scope="session")
def stack(start_stack: StartStack) -> RunningStack:
    """The platform that these tests share; browsers may use it from one other origin."""
    return start_stack({"GATEWAY_CORS_ORIGINS": ALLOWED_ORIGIN})


@pytest.fixture(scope="session")
def api(stack: RunningStack) -> Iterator[Api]:
    with Api(stack.url) as client:
        yield client


@pytest.fixture(scope="session")
def renewing_api(start_stack: StartStack) -> Iterator[Api]:
    with Api(start_stack(RENEWING).url) as client:
        yield client


@pytest.fixture(scope="session")
def strict_api(start_stack: StartStack) -> Iterator[Api]:
    with Api(start_stack(STRICT).url) as client:
        yield client


@pytest.fixture(params=STYLES, ids=str)
def style(request: pytest.FixtureRequest) -> Style:
    """Each binding of a method."""
    chosen: Style = request.param
    return chosen


@pytest.fixture(scope="session")
def alice(api: Api) -> Account:
    """A user that no test changes, but any test may add orders to."""
    return register(api)


@pytest.fixture(scope="session")
def bob(api: Api) -> Account:
    """A second user."""
    return register(api)


@pytest.fixture(scope="session")
def admin(api: Api, stack: RunningStack) -> Account:
    """An administrator, created with the command line and logged in."""
    email, password = unique_email("admin"), unique_password()
    stack.create_admin(email, password)
    return log_in(api, email, password)


@pytest.fixture(scope="session")
def token_for(alice: Account, admin: Account) -> Callable[[str], str]:
    """Returns the access token of a user who may call the given method."""
    return lambda rpc: (admin if ROWS[rpc].admin else alice).token


@pytest.fixture
def newcomer(api: Api) -> Account:
    """A user for this test alone."""
    return register(api)


@pytest.fixture(scope="session")
def expired_accounts(renewing_api: Api) -> Iterator[Account]:
    """Users of the renewing stack with expired access tokens; they expire together, so that tests wait only once."""
    accounts = [register(renewing_api) for _ in range(EXPIRED_ACCOUNTS)]

    def refused() -> bool | None:
        response = renewing_api.call("GetUser", token=accounts[-1].token)
        return True if response.status_code == 401 else None

    eventually(refused, within_s=10, every_s=0.25)
    return iter(accounts)


@pytest.fixture
def expired_account(expired_accounts: Iterator[Account]) -> Account:
    """A user for this test alone on the renewing stack, with an expired access token."""
    return next(expired_accounts)


@pytest.fixture(scope="session")
def grpc_clients(stack: RunningStack) -> Iterator[dict[str, GrpcClient]]:
    """A third-party gRPC client of each service, by the service's name."""
    with GrpcClient(stack.grpc_target("user-svc")) as users, GrpcClient(stack.grpc_target("order-svc")) as orders:
        yield {"user-svc": users, "order-svc": orders}
