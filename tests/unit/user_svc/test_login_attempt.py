"""What a failed attempt is counted against."""

import pytest
from user_svc.domain.login_attempt import LoginAttempt


def account(email: str) -> str:
    return LoginAttempt.of(email, "").account


def network(address: str) -> str:
    return LoginAttempt.of("ada@example.com", address).network


@pytest.mark.parametrize("spelling", ["ADA@Example.COM", "Ada@example.com", "aDa@eXaMpLe.cOm"])
def test_an_account_is_one_in_whatever_case(spelling: str) -> None:
    assert account(spelling) == account("ada@example.com")


@pytest.mark.parametrize("spelling", ["v\u0130ctim@example.com", "vi\u0307ctim@example.com", "\uff56ictim@example.com"])
def test_what_a_database_may_take_for_one_email_is_one_account(spelling: str) -> None:
    assert account(spelling) == account("victim@example.com")


def test_another_email_is_another_account_and_neither_can_be_read() -> None:
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
def test_an_address_counts_as_its_network(address: str, expected: str) -> None:
    assert network(address) == expected


def test_every_attempt_is_another_one() -> None:
    assert LoginAttempt.of("ada@example.com", "") != LoginAttempt.of("ada@example.com", "")
