"""`user-svc migrate`: migrates the database, and sets the retention of the audit log."""

from argparse import Namespace

from service_kit.cli import Subcommand
from service_kit.postgres.migrations import migrate
from service_kit.postgres.monthly_log import set_retention

from user_svc.settings import Settings


def _run(settings: Settings, _arguments: Namespace) -> int:
    service_url = settings.database_url.reveal()
    owner_url = settings.migration_database_url.reveal() if settings.migration_database_url else service_url
    failed = migrate(owner_url, "user_svc", service_url)
    if not failed:
        set_retention(owner_url, "audit_log", settings.audit_retention_days)
    return failed


MIGRATE = Subcommand("migrate", "bring the database's schema up to date, and set how long the audit log is kept", _run)
