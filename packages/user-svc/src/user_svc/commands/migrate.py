"""`user-svc migrate`."""

import sys
from argparse import Namespace

from service_kit.cli import Subcommand

from user_svc.adapters.migrations import migrate
from user_svc.settings import Settings


def _run(settings: Settings, _arguments: Namespace) -> int:
    try:
        failed = migrate(settings.database_url.reveal()) != 0  # dbmate has said why; its 2 is not our 2
    except FileNotFoundError as exc:
        sys.stderr.write(f"user-svc migrate: {exc}\n")
        failed = True
    return 1 if failed else 0


MIGRATE = Subcommand("migrate", "bring the database's schema up to date", _run)
