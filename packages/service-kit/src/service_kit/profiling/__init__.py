"""What a process is busy with, told in the formats that profilers read, on a port of its own.

The addresses are those of Go's net/http/pprof (https://pkg.go.dev/net/http/pprof), so that its tools work. While nobody
asks, there is no thread, no timer and no hook.
"""

from service_kit.profiling.server import PprofServer

__all__ = ["PprofServer"]
