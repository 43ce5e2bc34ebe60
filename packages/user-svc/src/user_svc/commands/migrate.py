"""`user-svc migrate`."""

from argparse import Namespace

from service_kit.cli import Subcommand
from service_kit.migrations import migrate

from user_svc.settings import Settings


def _run(settings: Settings, _arguments: Namespace) -> int:
    return migrate(settings.database_url.reveal(), "user_svc")


MIGRATE = Subcommand("migrate", "bring the database's schema up to date", _run)
