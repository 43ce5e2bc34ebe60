"""`user-svc keys create`."""

import sys
import time
from argparse import Namespace

from service_kit.cli import Subcommand

from user_svc.adapters.signing_keys import SigningKeyError, SigningKeys
from user_svc.settings import Settings


def _create(settings: Settings, _arguments: Namespace) -> int:
    keys = SigningKeys(settings.key_dir)
    try:
        keys.read()
        if keys.public():
            sys.stdout.write(f"{settings.key_dir} holds a signing key already; nothing to do\n")
            return 0
        key = keys.create(signs_from=time.time())
    except SigningKeyError as exc:
        sys.stderr.write(f"user-svc keys create: {exc}\n")
        return 1
    sys.stdout.write(f"made the signing key {key.kid} in {settings.key_dir}\n")
    return 0


CREATE_KEY = Subcommand("keys create", "make a key that signs access tokens, if there is none", _create)
