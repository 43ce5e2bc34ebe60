"""The Redis-compatible server."""

import asyncio
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.errors import ProcessFailedError
from local_stack.processes import Launch, describe_exit, start
from local_stack.servers import redis_users
from local_stack.servers.binaries import redis_program

_READY_WITHIN_S = 20.0
_POLL_S = 0.01

# The append-only file is written to before a reply is sent, so that a killed process loses nothing that it has
# acknowledged; what `everysec` may lose, the last second, it loses to a power cut only.
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
    """A server with its data in ``home``, which listens on loopback; ``password`` is the administrator's.

    service_passwords: of the services' users, by service; without them, there is the administrator only.
    maxmemory: what the data may take; what would take more is refused, as nothing is evicted.
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
        """Where the administrator finds it, with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self) -> subprocess.Popen[bytes]:
        """Start the server and return once it has read its data and takes commands.

        Raises:
            ProcessFailedError: it ended instead, or took longer than 20 s.
        """
        configuration = self.home / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(
                port=self.port, home=_quoted(self.home), access=self._access(), maxmemory=self.maxmemory
            )
        )
        # By standard input: the server takes the name of a file for a pattern, and starts with its defaults, without a
        # password and on all addresses, where none matches.
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
        """The line of the configuration that says who may do what."""
        if not self.service_passwords:
            return f"requirepass {self.password}"
        users = self.home / "users.acl"
        users.touch(mode=0o600)
        users.write_text(redis_users.acl(self.password, self.service_passwords))
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
