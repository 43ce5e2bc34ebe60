"""Fingerprints of requests."""

from hypothesis import given
from hypothesis import strategies as st
from order_svc.domain.idempotency import fingerprint
from order_svc.domain.order import OrderLine

from tests.examples.orders import LINES

_lines = st.lists(st.builds(OrderLine, st.text(max_size=8), st.integers(1, 10_000), st.integers(0, 10**12)), max_size=4)
_currencies = st.sampled_from(["EUR", "USD"])


@given(_currencies, _lines, _currencies, _lines)
def test_fingerprints_are_equal_exactly_if_the_requests_are(
    currency: str, lines: list[OrderLine], other_currency: str, other_lines: list[OrderLine]
) -> None:
    same = (currency, lines) == (other_currency, other_lines)
    assert (fingerprint(currency, lines) == fingerprint(other_currency, other_lines)) is same


def test_sku_that_contains_json_is_not_taken_for_two_lines() -> None:
    tricky = [OrderLine('a",1,1],["b', 1, 1)]
    assert fingerprint("EUR", tricky) != fingerprint("EUR", [OrderLine("a", 1, 1), OrderLine("b", 1, 1)])


def test_fingerprint_is_stable_across_releases() -> None:
    # Stored for a day: a release that computes it differently would refuse its predecessor's retries.
    assert fingerprint("EUR", LINES).hex() == "eb03a8c0c4440e06294a1de0bfa77e71cc931a9a8e5d55ef0d48f6a47f0d483c"
