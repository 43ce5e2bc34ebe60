"""The settings of the services in a local stack. Settings in the caller's environment win."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.ports import ADMIN, LOOPBACK, PPROF, PUBLIC

#: The address at which to reach a process that listens on all addresses.
_LOOPBACKS = {"0.0.0.0": LOOPBACK, "::": "::1"}


def defaults(data: DataDir, offset: int) -> dict[str, str]:
    """Returns the default settings of all services by environment variable; secrets are given as files."""
    return {
        **_listening("GATEWAY", "gateway", offset),
        **_listening("USER_SVC", "user-svc", offset),
        **_listening("ORDER_SVC", "order-svc", offset),
        "GATEWAY_REDIS_URL_FILE": str(data.secrets / "gateway-redis-url"),
        "GATEWAY_COOKIE_SECURE": "false",  # plain HTTP on loopback: a browser would not send a Secure cookie
        "USER_SVC_DATABASE_URL_FILE": str(data.secrets / "user-svc-database-url"),
        "USER_SVC_REDIS_URL_FILE": str(data.secrets / "user-svc-redis-url"),
        "USER_SVC_KEY_DIR": str(data.keys),
        "USER_SVC_SESSION_SECRET_FILE": str(data.secrets / "session-secret"),
        "ORDER_SVC_DATABASE_URL_FILE": str(data.secrets / "order-svc-database-url"),
        "ORDER_SVC_REDIS_URL_FILE": str(data.secrets / "order-svc-redis-url"),
    }


def migration_settings(data: DataDir, service: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Returns what `migrate` needs besides the service's settings: the role that owns the tables.

    Args:
        data: the data folder.
        service: the service to migrate.
        environ: the caller's environment. If it names another database, it also says the role for it.
    """
    prefix = prefix_of(service)
    if is_set(f"{prefix}_DATABASE_URL", environ):
        return {}
    name = f"{prefix}_MIGRATION_DATABASE_URL_FILE"
    return {} if is_set(name, environ) else {name: str(data.secrets / f"{service}-migration-database-url")}


def _listening(prefix: str, service: str, offset: int) -> dict[str, str]:
    return {
        f"{prefix}_HOST": LOOPBACK,
        f"{prefix}_PORT": str(PUBLIC[service] + offset),
        f"{prefix}_ADMIN_HOST": LOOPBACK,
        f"{prefix}_ADMIN_PORT": str(ADMIN[service] + offset),
        f"{prefix}_PPROF_HOST": LOOPBACK,
        f"{prefix}_PPROF_PORT": str(PPROF[service] + offset),
        f"{prefix}_LOG_FORMAT": "human",
    }


def address(service: str, environ: Mapping[str, str]) -> str:
    """Returns host:port at which clients reach a process with this environment."""
    prefix = prefix_of(service)
    return f"{reachable(hosts(value(f'{prefix}_HOST', environ)))}:{value(f'{prefix}_PORT', environ)}"


def upstreams(addresses: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Returns the settings with which the services find one another, from all addresses by service."""
    return {
        "GATEWAY_UPSTREAMS": ",".join(f"{service}={','.join(each)}" for service, each in addresses.items()),
        "ORDER_SVC_KEY_SET_UPSTREAM": ",".join(addresses["user-svc"]),
    }


def value(name: str, environ: Mapping[str, str]) -> str:
    """Returns the setting as the service reads it, from NAME or from the file NAME_FILE; empty if it is not set.

    Raises:
        StackError: the file cannot be read.
    """
    path = environ.get(f"{name}_FILE")
    if name in environ or path is None:
        return environ.get(name, "")
    try:
        return Path(path).read_text().strip()
    except OSError as exc:
        raise StackError(f"{name}_FILE: cannot read {path}: {exc.strerror}") from exc


def prefix_of(service: str) -> str:
    """Returns the prefix of the names of the service's settings."""
    return service.upper().replace("-", "_")


def hosts(text: str) -> tuple[str, ...]:
    """Returns the addresses in a setting such as "127.0.0.1,::1", parsed as the services parse it."""
    return tuple(item.strip().removeprefix("[").removesuffix("]") for item in text.split(","))


def reachable(hosts: Sequence[str]) -> str:
    """Returns the host to connect to, as written in a URL, for a process that listens on these."""
    host = _LOOPBACKS.get(hosts[0], hosts[0])
    return f"[{host}]" if ":" in host else host


def merged(chosen: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the caller's environment plus the ``chosen`` settings that it does not set, by value or by file."""
    defaults = {name: value for name, value in chosen.items() if not is_set(name, environ)}
    return {**defaults, **environ}


def is_set(name: str, environ: Mapping[str, str]) -> bool:
    """Returns whether the environment sets this setting, as NAME or as NAME_FILE; ``name`` may be either."""
    bare = name.removesuffix("_FILE")
    return bare in environ or f"{bare}_FILE" in environ
