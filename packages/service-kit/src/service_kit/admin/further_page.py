"""What one process has on its admin port beside what all have."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class FurtherPage:
    """An address for GET; what it answers carries ONE_ANSWER. about: its line in the index.

    own: whether pages of other sites are kept from it, as they have to be from whatever tells something.
    """

    path: str
    about: str
    answer: Callable[[Request], Awaitable[Response]]
    own: bool = False
