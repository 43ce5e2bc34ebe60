"""The duration of a refused login does not reveal whether the email has an account.

This test measures time. It runs with the service's default cost of a password hash.
"""

import time
from statistics import median

import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import register, unique_email
from tests.e2e.api import Api
from tests.e2e.shapes import assert_problem

TRIES = 200
CLOSE = 0.05
#: On a busy machine one round may differ by chance; a real difference shows in every round.
ROUNDS = 3
DEFAULT_COST = {"USER_SVC_ARGON2_MEMORY_KIB": "19456", "USER_SVC_ARGON2_TIME_COST": "2"}


def took_s(api: Api, email: str) -> float:
    started = time.perf_counter()
    response = api.call("Login", fields={"email": email, "password": "not the password"})
    elapsed_s = time.perf_counter() - started
    assert_problem(response, 401, "INVALID_CREDENTIALS")
    return elapsed_s


def difference(api: Api, known: str, unknown: str) -> float:
    """Returns the relative difference of the medians of alternating attempts."""
    wrong_password, unknown_email = [], []
    for _ in range(TRIES):
        wrong_password.append(took_s(api, known))
        unknown_email.append(took_s(api, unknown))
    medians_s = median(wrong_password), median(unknown_email)
    print(f"wrong password: {medians_s[0] * 1000:.2f} ms, unknown email: {medians_s[1] * 1000:.2f} ms")
    return abs(medians_s[1] / medians_s[0] - 1)


@pytest.mark.timeout(600)  # up to 1200 hashes, on a busy machine
def test_unknown_email_takes_as_long_as_a_wrong_password(start_stack: StartStack) -> None:
    with Api(start_stack(DEFAULT_COST).url) as api:
        known, unknown = register(api).email, unique_email()
        took_s(api, known)
        differences: list[float] = []
        while not differences or (differences[-1] > CLOSE and len(differences) < ROUNDS):
            differences.append(difference(api, known, unknown))
        assert differences[-1] <= CLOSE, differences
