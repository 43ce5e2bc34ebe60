"""Profiles of a running process, on a port of their own, in the formats that profilers read.

The addresses are those of Go's net/http/pprof (https://pkg.go.dev/net/http/pprof), so that its tools work. Between
requests there is no thread, no timer and no hook.
"""

from service_kit.profiling.server import PprofServer

__all__ = ["PprofServer"]
