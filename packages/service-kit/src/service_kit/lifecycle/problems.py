"""Why a process ends before its time."""


class ProcessFailedError(Exception):
    """The process cannot start. It has been logged already; what is left to do is to exit with 1."""
