"""What a new password must be. NIST SP 800-63B-4, section 3.1.1: length and a blocklist, no composition rules."""

import unicodedata
from dataclasses import dataclass

from user_svc.domain.errors import PasswordRefusedError
from user_svc.domain.ports import CommonPasswords

#: The longest password, in code points, as the contract has it. Nothing is ever cut off.
MAX_LENGTH = 128


def normalise(password: str) -> str:
    """The password in Normalization Form C, so that it matches however the keyboard composed it."""
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for new passwords. min_length: in code points of the normalised form."""

    min_length: int
    common: CommonPasswords

    def admit(self, password: str) -> str:
        """The password, normalised and fit to be hashed. PasswordRefusedError: it breaks a rule."""
        password = normalise(password)
        if len(password) < self.min_length:
            raise PasswordRefusedError("string.min_len", f"must be at least {self.min_length} characters long")
        if len(password) > MAX_LENGTH:
            raise PasswordRefusedError("string.max_len", f"must be at most {MAX_LENGTH} characters long")
        if password in self.common:
            raise PasswordRefusedError("password.common", "is one of the most common ones")
        return password
