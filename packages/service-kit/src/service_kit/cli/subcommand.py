"""A subcommand of a process's command, such as `migrate`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Subcommand(Generic[T]):
    """`program NAME`, which runs once and returns its exit code.

    name: one word or two, "migrate" or "keys create". run: takes the settings and the parsed arguments.
    configure: adds arguments to the subcommand's parser. variables: further environment variables that it reads.
    """

    name: str
    help: str
    run: Callable[[T, Namespace], int]
    configure: Callable[[ArgumentParser], None] | None = None
    variables: tuple[str, ...] = ()
