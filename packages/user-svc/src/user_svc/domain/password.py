"""The policy for new passwords. NIST SP 800-63B-4, section 3.1.1: length and a blocklist, no composition rules."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from user_svc.domain.errors import PasswordRefusedError
from user_svc.domain.password_strength import MIN_GUESSES, estimate_guesses

#: The longest password, in code points, as in the contract. Passwords are never truncated.
MAX_LENGTH = 128
#: A word of the context of every account.
PRODUCT = "headrace"


def normalise(password: str) -> str:
    """Returns the password in Normalization Form C, so that it matches however the keyboard composed it."""
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for new passwords.

    min_length: in code points of the normalised form. common: common passwords in lower case, by rank from 1.
    """

    min_length: int
    common: Mapping[str, int]

    def admit(self, password: str, *context: str, field: str = "password") -> str:
        """Returns the password in the normalised form in which it is hashed.

        Args:
            password: as the client sent it.
            context: what an attacker would try first for this account: its email and name.
            field: the request's field that holds the password, for the error.

        Raises:
            PasswordRefusedError: the password breaks a rule.
        """
        password = normalise(password)
        if len(password) < self.min_length:
            raise PasswordRefusedError("string.min_len", f"must be at least {self.min_length} characters long", field)
        if len(password) > MAX_LENGTH:
            raise PasswordRefusedError("string.max_len", f"must be at most {MAX_LENGTH} characters long", field)
        if estimate_guesses(password, self.common, (*context, PRODUCT)) < MIN_GUESSES:
            raise PasswordRefusedError(
                "password.common", "is too easy to guess: it is a common one, or made of common parts", field
            )
        return password
