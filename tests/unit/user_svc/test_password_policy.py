"""The policy for new passwords."""

from secrets import token_urlsafe

import pytest
from user_svc.adapters.common_passwords import common_passwords
from user_svc.domain.errors import PasswordRefusedError
from user_svc.domain.password import PasswordPolicy, normalise

POLICY = PasswordPolicy(min_length=8, common=common_passwords())


@pytest.mark.parametrize("password", ["12345678", "p" * 3 + "q7#", "", "Ä" * 7, "🦀" * 7, "e\u0301" * 7])
def test_short_or_simple_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefusedError):
        POLICY.admit(password)


def test_length_counts_code_points_of_the_normal_form() -> None:
    assert POLICY.admit("e\u0301toile filante") == "étoile filante"
    with pytest.raises(PasswordRefusedError) as refused:
        PasswordPolicy(15, {}).admit("e\u0301toile filante")
    assert refused.value.rule == "string.min_len"
    assert str(refused.value) == "the password must be at least 15 characters long"


@pytest.mark.parametrize("length", [8, 128])
def test_passwords_of_the_least_and_greatest_length_are_admitted(length: int) -> None:
    assert POLICY.admit(token_urlsafe(128)[:length])


def test_too_long_password_is_refused_rather_than_truncated() -> None:
    with pytest.raises(PasswordRefusedError) as refused:
        POLICY.admit(token_urlsafe(128)[:129])
    assert refused.value.rule == "string.max_len"


COMMON = ["password", "PASSWORD", "iloveyou", "qwertyuiop12345", "1qaz2wsx3edc4rfv", "passwordpassword", "abc123abc123"]


@pytest.mark.parametrize("password", [*COMMON, "aaaaaaaaaaaaaaaaaaaa", "PassWordPassWord"])
def test_common_password_is_refused_in_any_case_and_repeated(password: str) -> None:
    with pytest.raises(PasswordRefusedError) as refused:
        POLICY.admit(password)
    assert refused.value.rule == "password.common"


@pytest.mark.parametrize(
    "password", ["correct horse battery", "🦀🐍🌊🌋🍄🌵🍋🎻", "password but longer", "the tide the tide "]
)
def test_other_passwords_are_admitted(password: str) -> None:
    assert POLICY.admit(password) == password


def test_spaces_and_case_are_kept() -> None:
    assert normalise("  Ünder the Sea  ") == "  Ünder the Sea  "
