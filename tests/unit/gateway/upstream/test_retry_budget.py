"""However requests and retries alternate, retries are never more than their share."""

from gateway.upstream.retry_budget import RetryBudget
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.booleans(), max_size=500), st.sampled_from([0.0, 0.1, 0.25, 1.0]))
def test_retries_are_never_more_than_their_share_of_all_requests(wants_retry: list[bool], share: float) -> None:
    budget, retries = RetryBudget(share), 0
    for requests, wants in enumerate(wants_retry, 1):
        budget.deposit()
        if wants and budget.withdraw():
            retries += 1
        assert retries <= share * requests + 1e-6


def test_a_storm_is_paid_to_the_last_retry() -> None:
    budget = RetryBudget(0.1)
    retries = 0
    for _ in range(10_000):
        budget.deposit()
        retries += budget.withdraw()
    assert retries == 1000


def test_what_was_saved_is_bounded() -> None:
    budget = RetryBudget(0.1, most=5.0)
    for _ in range(1000):
        budget.deposit()
    assert budget.left == 5.0
    assert [budget.withdraw() for _ in range(6)] == [True] * 5 + [False]
