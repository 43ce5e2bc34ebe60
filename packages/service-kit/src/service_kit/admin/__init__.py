"""The admin port of a process: probes, metrics, version, settings, log level; none of them is on the public port."""

from service_kit.admin.pages import FurtherPage
from service_kit.admin.server import admin_server

__all__ = ["FurtherPage", "admin_server"]
