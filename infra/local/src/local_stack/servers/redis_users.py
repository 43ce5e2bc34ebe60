"""The users of Redis: which keys and commands each service has."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

#: Of the checkout in which this package always lies: the same as in containers.
_TEMPLATE = Path(__file__).resolve().parents[4] / "redis" / "users.acl.template"


def acl(admin_password: str, service_passwords: Mapping[str, str]) -> str:
    """The content of an ACL file, with digests of the passwords only. service_passwords: by service."""
    passwords = {"admin": admin_password, **service_passwords}
    digests = {name.replace("-", "_"): _digest(password) for name, password in passwords.items()}
    return Template(_TEMPLATE.read_text()).substitute(digests)


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
