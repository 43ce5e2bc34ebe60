"""Something else that a process's command does than to serve."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Subcommand(Generic[T]):
    """`program NAME`, which runs once and returns its exit code.

    name: one word or two, "migrate" or "keys create". run: is given the settings and the parsed arguments.
    configure: adds arguments to the subcommand's parser. variables: of the environment, which it reads beside the
    settings.
    """

    name: str
    help: str
    run: Callable[[T, Namespace], int]
    configure: Callable[[ArgumentParser], None] | None = None
    variables: tuple[str, ...] = ()
