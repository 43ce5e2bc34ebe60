"""The inventory of a stack: each process with its addresses and its environment."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.ports import ADMIN, LAST_PORT, LOOPBACK, PPROF, PUBLIC, Claim, spare_ports
from local_stack.processes import MARKER, marker
from local_stack.service_settings import (
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
#: The services that the gateway calls. It balances over all replicas itself, so each replica has its own port.
UPSTREAMS = ("user-svc", "order-svc")
SERVICES = (*UPSTREAMS, "gateway")
#: The part of a setting's name before _HOST and _PORT, by purpose.
_PURPOSES = {"public": "", "admin": "_ADMIN", "pprof": "_PPROF"}
_PLACE = ("HOST", "PORT")
_SCHEMES = {"user-svc": "grpc", "order-svc": "grpc", "gateway": "http"}


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service; further replicas have names such as gateway-2."""

    name: str
    service: str
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """The URL for clients; all gateways share one."""
        public = self.claim("public")
        return f"{_SCHEMES[self.service]}://{reachable(public.hosts)}:{public.port}"

    @property
    def admin_url(self) -> str:
        """The URL of its probes and metrics."""
        admin = self.claim("admin")
        return f"http://{reachable(admin.hosts)}:{admin.port}"

    @property
    def is_profiled(self) -> bool:
        """Whether it serves profiles: not with port 0."""
        return value(f"{prefix_of(self.service)}_PPROF_PORT", self.environ) != "0"

    def claim(self, purpose: str) -> Claim:
        """Returns the port that it listens on for this purpose.

        Raises:
            StackError: the setting in the caller's environment is not a port.
        """
        prefix = prefix_of(self.service) + _PURPOSES[purpose]
        given = value(f"{prefix}_PORT", self.environ)
        if not given.isascii() or not given.isdecimal() or not 0 < int(given) <= LAST_PORT:
            raise StackError(f"{prefix}_PORT is not a port between 1 and {LAST_PORT}: {given!r}")
        return Claim(self.name, purpose, hosts(value(f"{prefix}_HOST", self.environ)), int(given))


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every process of one stack.

    caller: the environment of the command. environ: that of the services. prometheus_port: None without Prometheus.
    """

    data: DataDir
    postgres_port: int
    redis_port: int
    caller: Mapping[str, str]
    environ: Mapping[str, str]
    replicas: tuple[Replica, ...]
    prometheus_port: int | None = None

    def marked(self, name: str, environ: Mapping[str, str]) -> dict[str, str]:
        """Returns ``environ`` with the marker by which the process ``name`` is recognised later."""
        return {**environ, MARKER: marker(self.data.root, name)}

    def changed(self, names: Collection[str], environ: Mapping[str, str]) -> "Inventory":
        """Returns the inventory with those settings of ``environ`` that differ, for the processes ``names``.

        Raises:
            StackError: a setting would move a process to another address, where the others would not find it.
        """
        services = {service_of(name) for name in names} & {*SERVICES}
        prefixes = tuple(f"{prefix_of(service)}_" for service in services)
        settings = {name: text for name, text in environ.items() if name.startswith(prefixes)} if prefixes else {}
        settings = {name: text for name, text in settings.items() if self.caller.get(name) != text}
        moved = sorted(name for name in settings if name.removesuffix("_FILE") in _placing(services))
        if moved:
            again = f"{self.data.command('down')}, then {self.data.command('up')}"
            raise StackError(f"{', '.join(moved)}: a restart keeps every process at its address; use {again}")
        replicas = tuple(
            replace(each, environ=merged(each.environ, settings)) if each.name in names else each
            for each in self.replicas
        )
        caller, own = merged(self.caller, settings), merged(self.environ, settings)
        return replace(self, caller=caller, environ=own, replicas=replicas)

    def claims(self) -> list[Claim]:
        """Returns every port that the stack needs; the port that the gateways share is listed once."""
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
        """Returns host:port of every process that has metrics, by service."""
        return {
            service: [urlsplit(each.admin_url).netloc for each in self.replicas if each.service == service]
            for service in SERVICES
        }


def build_inventory(
    data: DataDir,
    *,
    offset: int,
    replicas: Mapping[str, int],
    environ: Mapping[str, str],
    prometheus_port: int | None = None,
) -> Inventory:
    """Builds the inventory of a new stack.

    Args:
        data: its data folder.
        offset: added to every port.
        replicas: the number of processes by service; 1 where it is not given.
        environ: the caller's environment, whose settings win over the defaults.
        prometheus_port: None without Prometheus.
    """
    placed = merged(defaults(data, offset), environ)
    spare = {"_ADMIN": spare_ports(ADMIN, offset), "_PPROF": spare_ports(PPROF, offset)}
    public = {"": spare_ports(PUBLIC, offset)}
    own = {
        service: _replica_settings(service, replicas.get(service, 1), spare | (public if service in UPSTREAMS else {}))
        for service in SERVICES
    }
    found = upstreams({name: [address(name, {**placed, **settings}) for settings in own[name]] for name in UPSTREAMS})
    environment = merged({**defaults(data, offset), **found, **_shared_gateway_settings(len(own["gateway"]))}, environ)
    every = [
        Replica(f"{service}-{number}" if number > 1 else service, service, {**environment, **settings})
        for service in SERVICES
        for number, settings in enumerate(own[service], start=1)
    ]
    postgres, redis = (PUBLIC[server] + offset for server in ("postgres", "redis"))
    return Inventory(data, postgres, redis, environ, environment, tuple(every), prometheus_port)


def _shared_gateway_settings(gateways: int) -> dict[str, str]:
    """Returns the settings with which several gateways share one port and one rate limit."""
    shared = {"GATEWAY_SHARE_PORT": "true"} if gateways > 1 else {}
    return {"GATEWAY_RATE_LIMIT_REPLICAS": str(gateways), **shared}


def _replica_settings(service: str, count: int, spare: Mapping[str, Iterator[int]]) -> list[dict[str, str]]:
    """Returns the settings that differ per replica: none for the first one."""
    prefix = prefix_of(service)
    further = [{f"{prefix}{kind}_PORT": str(next(ports)) for kind, ports in spare.items()} for _ in range(1, count)]
    return [{}, *further]


def _placing(services: Iterable[str]) -> set[str]:
    """Returns the names of the settings that decide where processes of these services listen."""
    return {f"{prefix_of(each)}{kind}_{what}" for each in services for kind in _PURPOSES.values() for what in _PLACE}


def service_of(name: str) -> str:
    """Returns the service or server that the process ``name`` belongs to."""
    return name.rstrip("0123456789").rstrip("-")


def program(service: str) -> str:
    """Returns the path of a service's command: beside this interpreter, so that PATH does not matter."""
    return str(Path(sys.executable).with_name(service))
