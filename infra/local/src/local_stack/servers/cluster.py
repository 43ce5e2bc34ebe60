"""Creates a PostgreSQL cluster."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_stack.account import Account, inheritable
from local_stack.errors import ProcessFailedError, StackError
from local_stack.processes import Launch, describe_exit, start

_INITDB = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # The built-in provider sorts the same on every machine, regardless of its C library or ICU.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


def create_cluster(
    programs: Path, data: Path, *, password: str, account: Account | None, environ: Mapping[str, str], log: Path
) -> None:
    """Creates a cluster in ``data`` unless there is a complete one.

    Raises:
        ProcessFailedError: initdb failed; the log says why.
        StackError: the cluster's major version differs from that of ``programs``.
    """
    log.touch(mode=0o600)
    done = data.with_name("created")
    if done.exists():
        _check_version(programs, data)
        return
    shutil.rmtree(data, ignore_errors=True)  # the remains of an interrupted initdb
    data.mkdir(mode=0o700)
    password_file = data.with_name("initial-password")
    try:
        _write_private(password_file, password)
        with inheritable(data, account) as folder, inheritable(password_file, account) as secret:
            argv = (str(programs / "initdb"), "-D", folder.path, f"--pwfile={secret.path}", *_INITDB)
            _run(Launch("postgres", argv, environ, log, account, (*folder.fds, *secret.fds)))
    finally:
        password_file.unlink(missing_ok=True)
    done.touch()


def _check_version(programs: Path, data: Path) -> None:
    cluster = (data / "PG_VERSION").read_text().strip()
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    if answer.split()[-1].split(".")[0] != cluster:
        raise StackError(f"the data in {data} are of PostgreSQL {cluster}, and this is {answer.strip()}: use --fresh")


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content + "\n")


def _run(initdb: Launch) -> None:
    code = start(initdb).wait()
    if code != 0:
        raise ProcessFailedError("postgres", f"initdb {describe_exit(code)}", initdb.log)
