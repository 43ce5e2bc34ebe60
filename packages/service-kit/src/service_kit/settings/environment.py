"""Environment variables that look like settings but are not."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from service_kit.settings.declaration import declared_settings

#: What Kubernetes adds for each Service of the namespace: GATEWAY_SERVICE_HOST, GATEWAY_PORT_8080_TCP_ADDR and the like
#: (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
_SERVICE_LINK_NAME = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)")
#: A service link may also have the name of a setting: GATEWAY_PORT=tcp://10.0.0.1:8080.
_SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def is_service_link(name: str, value: str) -> bool:
    """Returns whether Kubernetes, not the operator, has set the variable ``name``."""
    if _SERVICE_LINK_NAME.fullmatch(name):
        return True
    return name.endswith("_PORT") and _SERVICE_LINK_VALUE.fullmatch(value) is not None


def unknown_variables(
    cls: type, prefix: str, environ: Mapping[str, str], known: Collection[str] = ()
) -> Iterator[tuple[str, str | None]]:
    """Yields each variable that begins with ``prefix`` and names no setting, with the setting of the nearest name.

    Args:
        cls: the settings dataclass.
        prefix: of its variables, "GATEWAY_".
        environ: the environment of the process.
        known: further variables that the program reads, such as those of its subcommands.

    Returns:
        Pairs of the variable and the setting that was probably meant; None where no name is near.
    """
    names = {*(each.variable for each in declared_settings(cls, prefix)), *known}
    files = {f"{name}_FILE" for name in names}
    for variable in sorted(environ):
        if not variable.startswith(prefix) or variable in names or variable in files:
            continue
        if not is_service_link(variable, environ[variable]):
            nearest = difflib.get_close_matches(variable, [*names, *files], n=1, cutoff=0.8)
            yield variable, next(iter(nearest), None)
