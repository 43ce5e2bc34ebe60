"""Stacks: captured raw, which is fast, and named later."""

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
    """Yields code and line of the frame and of its callers."""
    left = _MAX_DEPTH
    while frame is not None and left:
        # A frame between two lines has no number.
        yield frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno
        frame = frame.f_back
        left -= 1


def stack_of(frame: FrameType | None) -> RawStack:
    """Returns the frame and its callers."""
    return tuple(walk(frame))


class FrameNames:
    """Names frames by the modules that were loaded when this was created."""

    def __init__(self) -> None:
        self._frames: dict[tuple[int, int], Frame] = {}
        self._modules: dict[str, str] = {}
        for name, module in list(sys.modules.items()):
            if file := getattr(module, "__file__", None):
                self._modules.setdefault(file, name)

    def module(self, file: str) -> str:
        """Returns the module that was loaded from ``file``; the file's stem if none was."""
        return self._modules.get(file) or PurePath(file).stem

    def frames(self, stack: Iterable[tuple[CodeType, int]]) -> tuple[Frame, ...]:
        """Returns the stack with names."""
        # Looked up by identity: comparing two code objects takes longer than the rest of this function.
        return tuple([self._frames.get((id(code), line)) or self._frame(code, line) for code, line in stack])

    def _frame(self, code: CodeType, line: int) -> Frame:
        function = f"{self.module(code.co_filename)}.{code.co_qualname}"
        frame = self._frames[id(code), line] = Frame(function, code.co_filename, line, code.co_firstlineno)
        return frame
