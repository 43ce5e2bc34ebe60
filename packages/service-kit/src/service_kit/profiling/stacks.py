"""Stacks: taken in a hurry as they are, and given names later."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from types import CodeType, FrameType

from service_kit.profiling.profile import Frame

#: Code and line of each frame, innermost first.
RawStack = tuple[tuple[CodeType, int], ...]

#: Deeper frames, the outermost ones, are left out.
_MAX_DEPTH = 256


def walk(frame: FrameType | None) -> Iterator[tuple[CodeType, int]]:
    """Code and line of the frame and of those that have called it."""
    left = _MAX_DEPTH
    while frame is not None and left:
        # A frame between two lines has no number.
        yield frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno
        frame = frame.f_back
        left -= 1


def stack_of(frame: FrameType | None) -> RawStack:
    """The frame and those that have called it."""
    return tuple(walk(frame))


class Names:
    """Gives frames the names of their modules, as of the moment in which this was made."""

    def __init__(self) -> None:
        self._frames: dict[tuple[int, int], Frame] = {}
        self._modules: dict[str, str] = {}
        for name, module in list(sys.modules.items()):
            if file := getattr(module, "__file__", None):
                self._modules.setdefault(file, name)

    def module(self, file: str) -> str:
        """The module that was loaded from ``file``; the file's own name if none was."""
        return self._modules.get(file) or PurePath(file).stem

    def frames(self, stack: Iterable[tuple[CodeType, int]]) -> tuple[Frame, ...]:
        """The stack with names."""
        # By identity: to compare two code objects takes longer than all else here.
        return tuple([self._frames.get((id(code), line)) or self._frame(code, line) for code, line in stack])

    def _frame(self, code: CodeType, line: int) -> Frame:
        function = f"{self.module(code.co_filename)}.{code.co_qualname}"
        frame = self._frames[id(code), line] = Frame(function, code.co_filename, line, code.co_firstlineno)
        return frame
