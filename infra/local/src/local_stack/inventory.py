"""What a stack consists of: each process with its place and its environment."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.ports import ADMIN, LAST_PORT, PPROF, PUBLIC, Claim, spare_ports
from local_stack.processes import MARKER, marker
from local_stack.service_settings import LOOPBACK, defaults, merged, prefix_of, reachable, value

SERVERS = ("postgres", "redis")
SERVICES = ("user-svc", "order-svc", "gateway")
#: What the names of a purpose's settings have before _HOST and _PORT.
_PURPOSES = {"public": "", "admin": "_ADMIN", "pprof": "_PPROF"}
_SCHEMES = {"user-svc": "grpc", "order-svc": "grpc", "gateway": "http"}


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service; ``name`` is that of the service, with -2 and so on for further ones."""

    name: str
    service: str
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where its clients find it; all replicas of a service share it."""
        public = self.claim("public")
        return f"{_SCHEMES[self.service]}://{reachable(public.host)}:{public.port}"

    @property
    def admin_url(self) -> str:
        """Where its probes and metrics are."""
        admin = self.claim("admin")
        return f"http://{reachable(admin.host)}:{admin.port}"

    @property
    def is_profiled(self) -> bool:
        """Whether it serves profiles: with port 0 it does not."""
        return value(f"{prefix_of(self.service)}_PPROF_PORT", self.environ) != "0"

    def claim(self, purpose: str) -> Claim:
        """The port that it listens on for this purpose.

        Raises:
            StackError: the caller's environment sets something that is no port.
        """
        prefix = prefix_of(self.service) + _PURPOSES[purpose]
        given = value(f"{prefix}_PORT", self.environ)
        if not given.isascii() or not given.isdecimal() or not 0 < int(given) <= LAST_PORT:
            raise StackError(f"{prefix}_PORT is not a port between 1 and {LAST_PORT}: {given!r}")
        return Claim(self.name, purpose, value(f"{prefix}_HOST", self.environ), int(given))


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that belongs to one stack; ``caller`` is the environment as it was given, ``environ`` the services' own."""

    data: DataDir
    postgres_port: int
    redis_port: int
    caller: Mapping[str, str]
    environ: Mapping[str, str]
    replicas: tuple[Replica, ...]

    def marked(self, name: str, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of the process ``name``, by which it is recognised later."""
        return {**environ, MARKER: marker(self.data.root, name)}

    def claims(self) -> list[Claim]:
        """Every port that the stack needs; what replicas share is named once."""
        servers = [
            Claim("postgres", "public", LOOPBACK, self.postgres_port),
            Claim("redis", "public", LOOPBACK, self.redis_port),
        ]
        first = [replica.claim("public") for replica in self.replicas if replica.name == replica.service]
        own = [replica.claim("admin") for replica in self.replicas]
        own += [replica.claim("pprof") for replica in self.replicas if replica.is_profiled]
        return [*servers, *first, *own]


def take(data: DataDir, *, offset: int, replicas: Mapping[str, int], environ: Mapping[str, str]) -> Inventory:
    """Draw up the inventory: ``offset`` is added to every port, ``replicas`` says how many there are of a service."""
    chosen = defaults(data, offset, environ)
    spare = {"ADMIN": spare_ports(ADMIN, offset), "PPROF": spare_ports(PPROF, offset)}
    environment = merged(chosen, environ)
    every = (replica for service in SERVICES for replica in _replicas(service, replicas, environment, spare))
    postgres, redis = (PUBLIC[server] + offset for server in SERVERS)
    return Inventory(data, postgres, redis, environ, environment, tuple(every))


def _replicas(
    service: str, counts: Mapping[str, int], environ: Mapping[str, str], spare: Mapping[str, Iterator[int]]
) -> Iterator[Replica]:
    yield Replica(service, service, environ)
    for number in range(2, counts.get(service, 1) + 1):
        own = {f"{prefix_of(service)}_{purpose}_PORT": str(next(ports)) for purpose, ports in spare.items()}
        yield Replica(f"{service}-{number}", service, {**environ, **own})


def service_of(name: str) -> str:
    """The service, or server, that the process ``name`` is one of."""
    return name.rstrip("0123456789").rstrip("-")


def program(service: str) -> str:
    """The service's command, from the environment that this package itself is installed in."""
    return str(Path(sys.executable).with_name(service))
