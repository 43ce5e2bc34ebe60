"""The entry point."""

import errno
import os
import sys

import pytest
from local_stack import __main__ as command
from local_stack import status


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE])
def test_operating_system_error_is_printed_as_one_sentence(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_data: object) -> None:
        raise OSError(number, os.strerror(number), "/data/state.json")

    monkeypatch.setattr(status, "gather", fail)
    monkeypatch.setattr(sys, "argv", ["local-stack", "status"])

    assert command.main() == 1
    assert capsys.readouterr().err == f"cannot continue: {os.strerror(number)}: /data/state.json\n"
