"""The script `./just`, before it hands over to the recipes."""

import os
import shutil
import subprocess
from pathlib import Path

from local_stack.data_dir import DEFAULT_DATA_DIR

_JUST = DEFAULT_DATA_DIR.parent / "just"


def _run(program: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "--list"], capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environ}
    )


def test_just_works_through_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "headrace").symlink_to(_JUST)
    (tmp_path / "bin" / "just").symlink_to("../headrace")

    listed = _run(tmp_path / "bin" / "just")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert "Starts everything" in listed.stdout


def test_just_refuses_root_in_the_checkout_of_another_user(tmp_path: Path) -> None:
    owner = os.geteuid() or 65534
    shutil.copy(_JUST, tmp_path)
    os.chown(tmp_path, owner, -1)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 0\n")
    (programs / "id").chmod(0o755)

    refused = _run(
        tmp_path / "just", SUDO_UID=str(owner), SUDO_USER="ada", PATH=f"{programs}{os.pathsep}{os.environ['PATH']}"
    )

    assert refused.returncode == 1
    assert refused.stderr == f"{tmp_path} belongs to ada: run ./just as that user, without sudo.\n"
    assert not (tmp_path / ".local").exists()
