"""The parameters of this process's sessions in PostgreSQL."""

# Decided here and not by the defaults of the server, the database or the role: statements rely on what READ COMMITTED
# sees, and the driver on the forms of dates and bytes. (Variables: see service_kit.runtime.inherited_environment.)
_PARAMETERS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": r"read\ committed",
    "default_transaction_deferrable": "off",
    # Every list here is a walk along an index that was made for it. For a walk through several partitions, the planner
    # prefers another index, and an incremental sort of what it takes for a few rows and may be all.
    "enable_incremental_sort": "off",
}


def session_options(statement_timeout_ms: int) -> str:
    """The value of libpq's connection parameter `options`."""
    parameters = {**_PARAMETERS, "statement_timeout": str(statement_timeout_ms)}
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())
