"""Finds the function that a line of a source file belongs to: tracemalloc knows file and line only."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType

from service_kit.profiling.profile import Frame
from service_kit.profiling.stacks import FrameNames


class SourceFiles:
    """Reads each file once, on first use; a long one takes tens of milliseconds."""

    def __init__(self) -> None:
        self._names = FrameNames()
        self._owners = cache(_owners)

    def frame(self, file: str, line: int) -> Frame:
        """Returns the frame at this line; its function is `<module>` if no function contains the line."""
        function, first_line = self._owners(file).get(line, ("<module>", 0))
        return Frame(f"{self._names.module(file)}.{function}", file, line, first_line)


def _owners(file: str) -> dict[int, tuple[str, int]]:
    """Returns, by line, the function with code on it and that function's first line; empty without a source file.

    A line that a lambda or a comprehension shares with the enclosing function belongs to the enclosing function.
    """
    try:
        module = compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return {}
    owners: dict[int, tuple[str, int]] = {}
    for code in _outermost_first(module):
        for _, _, line in code.co_lines():
            if line is not None:
                owners.setdefault(line, (code.co_qualname, code.co_firstlineno))
    return owners


def _outermost_first(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _outermost_first(constant)
