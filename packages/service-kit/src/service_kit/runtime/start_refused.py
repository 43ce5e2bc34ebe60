"""The error of a process that cannot start as it is configured."""

from typing import ClassVar


class StartRefusedError(Exception):
    """The problems that keep a process from starting: it prints them and exits with 2, without a traceback.

    heading: the summary. problems: one line each, with the place; none contains a secret.
    """

    heading: ClassVar[str] = "cannot start"

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems: tuple[str, ...] = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
