"""Checks whether the service in this container is ready: exits with 0, or with 1 and prints the failing checks."""

import http.client
import os
import sys
from pathlib import Path

_PORTS = {"GATEWAY_ADMIN_PORT": 9464, "USER_SVC_ADMIN_PORT": 9465, "ORDER_SVC_ADMIN_PORT": 9466}
_TIMEOUT_S = 2.5


def _port() -> int:
    service = Path("/opt/headrace/bin/service").resolve().name
    setting = f"{service.upper().replace('-', '_')}_ADMIN_PORT"
    return int(os.environ.get(setting, _PORTS[setting]))


def main() -> int:
    """Returns the exit code."""
    connection = http.client.HTTPConnection("127.0.0.1", _port(), timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        sys.stdout.write(response.read().decode())
    except OSError as exc:
        sys.stdout.write(f"{exc}\n")
        return 1
    return 0 if response.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
