"""`user-svc migrate`."""

import sys
from argparse import Namespace

from service_kit.cli import Subcommand

from user_svc.adapters.migrations import migrate
from user_svc.settings import Settings


def _run(settings: Settings, _arguments: Namespace) -> int:
    try:
        return migrate(settings.database_url.reveal())
    except FileNotFoundError as exc:
        sys.stderr.write(f"user-svc migrate: {exc}\n")
        return 1


MIGRATE = Subcommand("migrate", "bring the database's schema up to date", _run)
