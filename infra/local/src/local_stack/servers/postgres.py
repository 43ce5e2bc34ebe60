"""The PostgreSQL server."""

import asyncio
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local_stack.account import Account, inheritable, unprivileged
from local_stack.errors import ProcessFailedError
from local_stack.processes import Launch, describe_exit, start
from local_stack.servers.binaries import postgres_programs
from local_stack.servers.cluster import create_cluster

_READY_WITHIN_S = 60.0
_POLL_S = 0.01
#: The last line of postmaster.pid is the server's state.
_STATUS_LINE = 7
#: Loopback only, and no Unix socket: its path may be at most 107 bytes long, which a deep data folder exceeds.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "log_checkpoints": "off",
}
#: Logged while child processes of a killed server have not noticed its death yet.
_STILL_IN_USE = b"still in use"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL server on loopback with its data in ``home``/data; ``password`` is the superuser's."""

    home: Path
    port: int
    password: str
    log: Path
    environ: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The superuser's connection string, password included."""
        return f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/postgres?sslmode=disable"

    async def start(self) -> subprocess.Popen[bytes]:
        """Starts the server, with a new cluster if there is none, and returns once it accepts connections.

        Raises:
            ProcessFailedError: initdb or the server failed, or the server was not ready within 60 s (recovery after a
                crash may take long).
        """
        account = unprivileged()
        programs = postgres_programs(for_every_account=account is not None)
        data = self.home / "data"
        await asyncio.to_thread(
            create_cluster,
            programs,
            data,
            password=self.password,
            account=account,
            environ=self.environ,
            log=self.log,
        )
        _drop_stale_pid_file(data)
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                return await self._started(programs, data, account)
        except TimeoutError as exc:
            raise ProcessFailedError("postgres", f"not ready after {_READY_WITHIN_S:.0f} s", self.log) from exc

    async def _started(self, programs: Path, data: Path, account: Account | None) -> subprocess.Popen[bytes]:
        while True:
            logged = self.log.stat().st_size
            process = self._start(programs, data, account)
            code = await _ready_or_ended(process, data)
            if code is None:
                return process
            if _STILL_IN_USE not in self.log.read_bytes()[logged:]:
                raise ProcessFailedError("postgres", describe_exit(code), self.log)
            await asyncio.sleep(_POLL_S * 10)

    def _start(self, programs: Path, data: Path, account: Account | None) -> subprocess.Popen[bytes]:
        options = {**_OPTIONS, **self.options, "port": str(self.port)}
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        with inheritable(data, account) as folder:
            argv = (str(programs / "postgres"), "-D", folder.path, *settings)
            return start(Launch("postgres", argv, self.environ, self.log, account, folder.fds))


async def _ready_or_ended(process: subprocess.Popen[bytes], data: Path) -> int | None:
    """Waits until the server accepts connections (returns None) or has exited (returns its exit code)."""
    try:
        while not _is_ready(process.pid, data):
            code = process.poll()
            if code is not None:
                return code
            await asyncio.sleep(_POLL_S)
    except asyncio.CancelledError:
        process.send_signal(signal.SIGQUIT)  # unlike SIGKILL, it also ends the server's child processes
        process.wait()
        raise
    return None


def _is_ready(pid: int, data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"


def _drop_stale_pid_file(data: Path) -> None:
    """Removes the pid file of a killed server if another program has its process id now.

    PostgreSQL itself does this only if no process of the same account has that id.
    """
    pid_file = data / "postmaster.pid"
    try:
        owner = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        stale = owner.name() != "postgres" or owner.status() == psutil.STATUS_ZOMBIE
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
    except (IndexError, ValueError):
        stale = True
    if stale:
        pid_file.unlink()
