"""Which function a line of a source file belongs to, for those who know no more than the line."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType

from service_kit.profiling.profile import Frame
from service_kit.profiling.stacks import Names


class Sources:
    """Reads each file once, when it is first asked for; tens of milliseconds for a long one."""

    def __init__(self) -> None:
        self._names = Names()
        self._owners = cache(_owners)

    def frame(self, file: str, line: int) -> Frame:
        """The frame that was at this line; named by the module alone where no function of it has the line."""
        function, first_line = self._owners(file).get(line, ("<module>", 0))
        return Frame(f"{self._names.module(file)}.{function}", file, line, first_line)


def _owners(file: str) -> dict[int, tuple[str, int]]:
    """For each line: the function with code on it, and where that begins. Empty: there is no source to read.

    Lines that a lambda or a comprehension shares with the function around it are that function's.
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
