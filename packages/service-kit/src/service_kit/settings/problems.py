"""What is wrong with settings."""


class SettingsError(Exception):
    """All that is wrong with the settings of a process: the fault of who configures it.

    problems: one line each, naming the variable; a secret's value is in none of them.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems: tuple[str, ...] = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
