"""Output and exit codes of the subcommands."""

import sys

from user_svc.domain.errors import DependencyUnavailableError

FAILED = 1
WRONG_ARGUMENTS = 2


def say(text: str) -> None:
    """Writes a line to standard output."""
    sys.stdout.write(text + "\n")


def fail(command: str, problem: object, code: int) -> int:
    """Writes why ``command`` failed to standard error, and returns the exit code ``code``."""
    sys.stderr.write(f"user-svc {command}: {problem}\n")
    return code


def fail_without_store(command: str, error: DependencyUnavailableError, advice: str = "") -> int:
    """Does the same for an unavailable store, with the first line of the driver's message, and advice."""
    cause = str(error.__cause__).splitlines()
    problem = f"{error}: {cause[0]}" if cause else str(error)
    return fail(command, f"{problem}. {advice}" if advice else problem, FAILED)
