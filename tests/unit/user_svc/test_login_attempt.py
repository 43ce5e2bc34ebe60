"""The account and the network of a login attempt."""

import pytest
from user_svc.domain.login_attempt import LoginAttempt


def account(email: str) -> str:
    return LoginAttempt.of(email, "").account


def network(address: str) -> str:
    return LoginAttempt.of("ada@example.com", address).network


@pytest.mark.parametrize("spelling", ["ADA@Example.COM", "Ada@example.com", "aDa@eXaMpLe.cOm"])
def test_account_is_the_same_for_an_email_in_any_case(spelling: str) -> None:
    assert account(spelling) == account("ada@example.com")


@pytest.mark.parametrize("spelling", ["v\u0130ctim@example.com", "vi\u0307ctim@example.com", "\uff56ictim@example.com"])
def test_account_is_the_same_for_spellings_that_a_database_may_equate(spelling: str) -> None:
    assert account(spelling) == account("victim@example.com")


def test_accounts_of_two_emails_differ_and_reveal_neither() -> None:
    assert account("ada@example.com") != account("adah@example.com")
    assert "ada" not in account("ada@example.com")
    assert account("\ud800@example.com")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("1.2.3", ""),
    ],
)
def test_address_counts_as_its_network(address: str, expected: str) -> None:
    assert network(address) == expected


def test_every_attempt_has_its_own_id() -> None:
    assert LoginAttempt.of("ada@example.com", "") != LoginAttempt.of("ada@example.com", "")
