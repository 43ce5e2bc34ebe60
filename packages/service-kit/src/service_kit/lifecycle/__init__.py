"""The lifecycle of a process: starts in order, serves, drains on a signal, closes in the reverse order."""

from service_kit.lifecycle.lifecycle import Lifecycle, ProcessFailedError

__all__ = ["Lifecycle", "ProcessFailedError"]
