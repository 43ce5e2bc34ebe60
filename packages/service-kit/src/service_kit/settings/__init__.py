"""Settings: one frozen dataclass per process, read from the environment once, at start.

    @dataclass(frozen=True)
    class Settings:
        port: int = setting(doc="public port", default=8080, minimum=0, maximum=65535)
        redis_url: Secret = setting(doc="Redis, redis://[user:password@]host:port/db")

    settings = load(Settings, "GATEWAY_", os.environ)

A field ``redis_url`` is the variable GATEWAY_REDIS_URL, or GATEWAY_REDIS_URL_FILE: the path of a file with the value
(https://12factor.net/config; the files are how Docker and Kubernetes hand over secrets).
"""

from service_kit.settings.declaration import REQUIRED, Setting, setting
from service_kit.settings.description import describe, in_force, reference
from service_kit.settings.environment import unknown_variables
from service_kit.settings.reading import SettingsError, load
from service_kit.settings.secret import Secret
from service_kit.settings.stores import redis_url

__all__ = [
    "REQUIRED",
    "Secret",
    "Setting",
    "SettingsError",
    "describe",
    "in_force",
    "load",
    "redis_url",
    "reference",
    "setting",
    "unknown_variables",
]
