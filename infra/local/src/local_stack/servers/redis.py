"""The Redis-compatible server."""

import asyncio
import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from local_stack.errors import ProcessFailedError
from local_stack.processes import Launch, describe_exit, start
from local_stack.servers.binaries import redis_program

_READY_WITHIN_S = 20.0
_POLL_S = 0.01
#: The users of Redis, with the keys and commands of each service; the same as in containers.
_ACL_TEMPLATE = Path(__file__).resolve().parents[4] / "redis" / "users.acl.template"

# The append-only file is written before a reply is sent: a killed process loses nothing that it has acknowledged.
# `everysec` can lose the last second only in a power cut.
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir "{home}"
{access}
appendonly yes
appendfsync everysec
save ""
maxmemory {maxmemory}
maxmemory-policy noeviction
set-proc-title no
"""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A Redis-compatible server on loopback with its data in ``home``; ``password`` is the administrator's.

    service_passwords: of the services' users, by service; without them there is only the administrator.
    maxmemory: the limit of the data; writes beyond it are refused, as nothing is evicted.
    """

    home: Path
    port: int
    password: str
    log: Path
    environ: Mapping[str, str]
    service_passwords: Mapping[str, str] = field(default_factory=dict)
    maxmemory: str = "256mb"

    @property
    def url(self) -> str:
        """The administrator's connection string, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self) -> subprocess.Popen[bytes]:
        """Starts the server and returns once it has loaded its data and accepts commands.

        Raises:
            ProcessFailedError: it exited, or was not ready within 20 s.
        """
        configuration = self.home / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(
                port=self.port, home=_quoted(self.home), access=self._access(), maxmemory=self.maxmemory
            )
        )
        # By standard input: the server treats a file name as a pattern, and if nothing matches it starts with its
        # defaults, without a password and on all addresses.
        launch = Launch("redis", (str(redis_program()), "-"), self.environ, self.log, stdin=configuration)
        process = start(launch)
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await self._ready(process)
        except BaseException as exc:
            process.kill()
            process.wait()
            if isinstance(exc, TimeoutError):
                raise ProcessFailedError("redis", f"not ready after {_READY_WITHIN_S:.0f} s", self.log) from exc
            raise
        return process

    def _access(self) -> str:
        """Returns the line of the configuration that defines the users and their rights."""
        if not self.service_passwords:
            return f"requirepass {self.password}"
        users = self.home / "users.acl"
        users.touch(mode=0o600)
        users.write_text(_acl(self.password, self.service_passwords))
        return f'aclfile "{_quoted(users)}"'

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        while not await self._answers():
            code = process.poll()
            if code is not None:
                raise ProcessFailedError("redis", describe_exit(code), self.log)
            await asyncio.sleep(_POLL_S)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(f"AUTH {self.password}\r\nPING\r\n".encode())
            return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _acl(admin_password: str, service_passwords: Mapping[str, str]) -> str:
    """Returns the content of an ACL file, with digests of the passwords only."""
    passwords = {"admin": admin_password, **service_passwords}
    digests = {name.replace("-", "_"): _digest(password) for name, password in passwords.items()}
    return Template(_ACL_TEMPLATE.read_text()).substitute(digests)


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
