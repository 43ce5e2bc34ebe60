"""Why a process does not start as it is configured."""

from typing import ClassVar


class StartRefusedError(Exception):
    """All that keeps a process from starting: it says so and ends with exit code 2, without a traceback.

    heading: what is wrong. problems: one line each, naming the place; a secret's value is in none of them.
    """

    heading: ClassVar[str] = "cannot start"

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems: tuple[str, ...] = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
