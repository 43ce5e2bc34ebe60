"""Finds promtool, which checks rule files and expositions."""

import shutil


def promtool_program() -> str:
    """Returns the path of promtool.

    Raises:
        AssertionError: it is not installed.
    """
    program = shutil.which("promtool")
    assert program is not None, "promtool is not on PATH (Debian: apt-get install prometheus)"
    return program
