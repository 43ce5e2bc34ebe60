"""What a new password must be. NIST SP 800-63B-4, section 3.1.1: length and a blocklist, no composition rules."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from user_svc.domain.errors import PasswordRefusedError
from user_svc.domain.guessing import LEAST_GUESSES, guesses

#: The longest password, in code points, as the contract has it. Nothing is ever cut off.
MAX_LENGTH = 128
#: A word that is in the context of every account.
PRODUCT = "headrace"


def normalise(password: str) -> str:
    """The password in Normalization Form C, so that it matches however the keyboard composed it."""
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for new passwords.

    min_length: in code points of the normalised form. common: common passwords in lower case, by rank from 1.
    """

    min_length: int
    common: Mapping[str, int]

    def admit(self, password: str, *context: str) -> str:
        """The password, normalised and fit to be hashed. PasswordRefusedError: it breaks a rule.

        context: what an attacker would try first for this account: its email and name.
        """
        password = normalise(password)
        if len(password) < self.min_length:
            raise PasswordRefusedError("string.min_len", f"must be at least {self.min_length} characters long")
        if len(password) > MAX_LENGTH:
            raise PasswordRefusedError("string.max_len", f"must be at most {MAX_LENGTH} characters long")
        if guesses(password, self.common, (*context, PRODUCT)) < LEAST_GUESSES:
            raise PasswordRefusedError(
                "password.common", "is too easy to guess: it is a common one, or made of common parts"
            )
        return password
