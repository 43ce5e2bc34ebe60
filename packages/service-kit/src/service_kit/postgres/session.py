"""The session parameters of this process's connections to PostgreSQL."""

# Set here, not left to the defaults of the server, the database or the role: statements rely on READ COMMITTED, and the
# driver on the formats of dates and bytes. (Environment variables: see service_kit.runtime.inherited_environment.)
_PARAMETERS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": r"read\ committed",
    "default_transaction_deferrable": "off",
    # Every list query scans an index that was made for it. Across several partitions, the planner would prefer another
    # index and an incremental sort of what it estimates as few rows, which may be all of them.
    "enable_incremental_sort": "off",
}


def session_options(statement_timeout_ms: int) -> str:
    """Returns the value of libpq's connection parameter `options`."""
    parameters = {**_PARAMETERS, "statement_timeout": str(statement_timeout_ms)}
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())
