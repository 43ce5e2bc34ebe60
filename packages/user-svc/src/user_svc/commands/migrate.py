"""`user-svc migrate`."""

from argparse import Namespace

from service_kit.cli import Subcommand
from service_kit.migrations import migrate
from service_kit.postgres.monthly_log import set_retention

from user_svc.settings import Settings


def _run(settings: Settings, _arguments: Namespace) -> int:
    url = settings.database_url.reveal()
    failed = migrate(url, "user_svc")
    if not failed:
        set_retention(url, "audit_log", settings.audit_retention_days)
    return failed


MIGRATE = Subcommand("migrate", "bring the database's schema up to date, and set how long the audit log is kept", _run)
