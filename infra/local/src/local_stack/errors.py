"""Errors of the stack, with texts for the operator."""

from pathlib import Path


class StackError(Exception):
    """A command failed; the text says why and what to do about it."""


class ProcessFailedError(StackError):
    """One process of the stack ended, or did not become ready in time."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        super().__init__(f"{name} failed: {reason}")
        self.name = name
        self.log = log
