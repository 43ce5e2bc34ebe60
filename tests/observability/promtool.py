"""Prometheus' own tool for files and expositions."""

import shutil


def promtool_program() -> str:
    """Where it is. AssertionError: nowhere."""
    program = shutil.which("promtool")
    assert program is not None, "promtool is not on PATH (Debian: apt-get install prometheus)"
    return program
