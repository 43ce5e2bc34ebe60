"""What a stack consists of: each process with its place and its environment."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.ports import ADMIN, LAST_PORT, PPROF, PUBLIC, Claim, spare_ports
from local_stack.processes import MARKER, marker
from local_stack.service_settings import (
    LOOPBACK,
    address,
    defaults,
    hosts,
    merged,
    prefix_of,
    reachable,
    upstreams,
    value,
)

SERVERS = ("postgres", "redis", "prometheus")
#: What the gateway calls. It balances over all of them itself, so that each has a port of its own.
UPSTREAMS = ("user-svc", "order-svc")
SERVICES = (*UPSTREAMS, "gateway")
#: What the names of a purpose's settings have before _HOST and _PORT.
_PURPOSES = {"public": "", "admin": "_ADMIN", "pprof": "_PPROF"}
_PLACE = ("HOST", "PORT")
_SCHEMES = {"user-svc": "grpc", "order-svc": "grpc", "gateway": "http"}


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service; ``name`` is that of the service, with -2 and so on for further ones."""

    name: str
    service: str
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where its clients find it; all gateways share it."""
        public = self.claim("public")
        return f"{_SCHEMES[self.service]}://{reachable(public.hosts)}:{public.port}"

    @property
    def admin_url(self) -> str:
        """Where its probes and metrics are."""
        admin = self.claim("admin")
        return f"http://{reachable(admin.hosts)}:{admin.port}"

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
        return Claim(self.name, purpose, hosts(value(f"{prefix}_HOST", self.environ)), int(given))


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that belongs to one stack; ``caller`` is the environment as it was given, ``environ`` the services' own.

    prometheus_port: None where nothing records the metrics.
    """

    data: DataDir
    postgres_port: int
    redis_port: int
    caller: Mapping[str, str]
    environ: Mapping[str, str]
    replicas: tuple[Replica, ...]
    prometheus_port: int | None = None

    def marked(self, name: str, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of the process ``name``, by which it is recognised later."""
        return {**environ, MARKER: marker(self.data.root, name)}

    def changed(self, names: Collection[str], environ: Mapping[str, str]) -> "Inventory":
        """Returns the inventory with those settings of ``environ`` that differ, for the processes ``names``.

        Raises:
            StackError: one of them would move a process, whose clients and neighbours would not find it any more.
        """
        services = {service_of(name) for name in names} & {*SERVICES}
        prefixes = tuple(f"{prefix_of(service)}_" for service in services)
        settings = {name: text for name, text in environ.items() if name.startswith(prefixes)} if prefixes else {}
        settings = {name: text for name, text in settings.items() if self.caller.get(name) != text}
        moved = sorted(name for name in settings if name.removesuffix("_FILE") in _placing(services))
        if moved:
            again = f"{self.data.command('down')}, then {self.data.command('up')}"
            raise StackError(f"{', '.join(moved)}: a restart leaves every process where it is; use {again}")
        replicas = tuple(
            replace(each, environ=merged(each.environ, settings)) if each.name in names else each
            for each in self.replicas
        )
        caller, own = merged(self.caller, settings), merged(self.environ, settings)
        return replace(self, caller=caller, environ=own, replicas=replicas)

    def claims(self) -> list[Claim]:
        """Every port that the stack needs; the one that gateways share is named once."""
        servers = [
            Claim("postgres", "public", (LOOPBACK,), self.postgres_port),
            Claim("redis", "public", (LOOPBACK,), self.redis_port),
        ]
        if self.prometheus_port is not None:
            servers.append(Claim("prometheus", "public", (LOOPBACK,), self.prometheus_port))
        alone = (each for each in self.replicas if each.service in UPSTREAMS or each.name == each.service)
        public = [replica.claim("public") for replica in alone]
        own = [replica.claim("admin") for replica in self.replicas]
        own += [replica.claim("pprof") for replica in self.replicas if replica.is_profiled]
        return [*servers, *public, *own]

    def admin_addresses(self) -> dict[str, list[str]]:
        """host:port of every process that has metrics, by service."""
        return {
            service: [urlsplit(each.admin_url).netloc for each in self.replicas if each.service == service]
            for service in SERVICES
        }


def take(
    data: DataDir,
    *,
    offset: int,
    replicas: Mapping[str, int],
    environ: Mapping[str, str],
    prometheus_port: int | None = None,
) -> Inventory:
    """Draw up the inventory: ``offset`` is added to every port, ``replicas`` says how many there are of a service."""
    placed = merged(defaults(data, offset), environ)
    spare = {"_ADMIN": spare_ports(ADMIN, offset), "_PPROF": spare_ports(PPROF, offset)}
    public = {"": spare_ports(PUBLIC, offset)}
    own = {
        service: _own(service, replicas.get(service, 1), spare | (public if service in UPSTREAMS else {}))
        for service in SERVICES
    }
    found = upstreams({name: [address(name, {**placed, **settings}) for settings in own[name]] for name in UPSTREAMS})
    environment = merged({**defaults(data, offset), **found, **_together(len(own["gateway"]))}, environ)
    every = [
        Replica(f"{service}-{number}" if number > 1 else service, service, {**environment, **settings})
        for service in SERVICES
        for number, settings in enumerate(own[service], start=1)
    ]
    postgres, redis = (PUBLIC[server] + offset for server in ("postgres", "redis"))
    return Inventory(data, postgres, redis, environ, environment, tuple(every), prometheus_port)


def _together(gateways: int) -> dict[str, str]:
    """What so many gateways need to serve one port, and to count as one."""
    shared = {"GATEWAY_SHARE_PORT": "true"} if gateways > 1 else {}
    return {"GATEWAY_RATE_LIMIT_REPLICAS": str(gateways), **shared}


def _own(service: str, count: int, spare: Mapping[str, Iterator[int]]) -> list[dict[str, str]]:
    """The settings of each replica that are its own: none for the first one."""
    prefix = prefix_of(service)
    further = [{f"{prefix}{kind}_PORT": str(next(ports)) for kind, ports in spare.items()} for _ in range(1, count)]
    return [{}, *further]


def _placing(services: Iterable[str]) -> set[str]:
    """The settings that say where processes of these services listen."""
    return {f"{prefix_of(each)}{kind}_{what}" for each in services for kind in _PURPOSES.values() for what in _PLACE}


def service_of(name: str) -> str:
    """The service, or server, that the process ``name`` is one of."""
    return name.rstrip("0123456789").rstrip("-")


def program(service: str) -> str:
    """The service's command, from the environment that this package itself is installed in."""
    return str(Path(sys.executable).with_name(service))
