"""The secrets of the test clients are noted, and the logs that are searched for them are those of the stack.

The search runs at the end of every stack (tests/running/stacks.py).
"""

import pytest

from tests.e2e.accounts import Account, session_cookie, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.grpc_client import USERS, GrpcClient
from tests.e2e.raw_http import exchange, json_request
from tests.running.polling import eventually
from tests.running.secrets_seen import SEEN
from tests.running.stacks import Stack, logs_of


def kinds(text: str) -> set[str]:
    return {kind for _, kind in SEEN.found_in(text.encode())}


def test_secrets_that_an_http_client_sends_or_receives_are_noted(api: Api, newcomer: Account) -> None:
    assert kinds(newcomer.password) == {"password"}
    assert kinds(newcomer.token) == {"access token"}
    assert kinds(newcomer.cookie) == {"session key"}
    renewed = api.call("GetUser", headers={"Cookie": newcomer.cookie})
    assert kinds(renewed.headers["X-Access-Token"]) == {"access token"}
    assert kinds(session_cookie(renewed)) == {"session key"}


def test_secrets_that_a_socket_sends_or_receives_are_noted(api: Api, newcomer: Account) -> None:
    guess = unique_password()
    body = f'{{"email":"{newcomer.email}","password":"{guess}"'.encode()
    exchange(api.url, json_request("POST", b"/api/users/log", body))
    assert kinds(guess) == {"password"}
    body = f'{{"email":"{newcomer.email}","password":"{newcomer.password}"}}'.encode()
    assert kinds(exchange(api.url, json_request("POST", b"/api/users/log", body)).json()["access_token"])


def test_secrets_that_a_grpc_client_sends_or_receives_are_noted(grpc_clients: dict[str, GrpcClient]) -> None:
    fields = {"email": unique_email(), "name": "Ada", "password": unique_password()}
    answer = grpc_clients["user-svc"].call(f"{USERS}.Register", fields)
    assert kinds(fields["password"]) == {"password"}
    assert kinds(answer.access_token) == {"access token"}
    assert kinds(answer.session.session_key) == {"session key"}


@pytest.mark.local_platform
def test_searched_logs_are_the_logs_of_the_stack(api: Api, stack: Stack) -> None:
    request_id = api.call("GetUser").headers["X-Request-Id"]
    logs = {path.name: path for path in logs_of(stack.data_dir)}
    assert logs.keys() >= {f"{name}.log" for name in stack.services}
    # The line is written after the response.
    eventually(lambda: request_id in logs["gateway.log"].read_text() or None, within_s=10)
