"""The life of a process: start in order, serve, drain on a signal, close in the reverse order."""

from service_kit.lifecycle.lifecycle import Lifecycle
from service_kit.lifecycle.problems import ProcessFailedError

__all__ = ["Lifecycle", "ProcessFailedError"]
