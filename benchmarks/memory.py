"""The memory of the idle platform."""

from benchmarks.platform import running_platform

_MIB = 1024 * 1024
_WHOLE_AIM_MB, _PYTHON_AIM_MIB = 500, 110
_NOT_PYTHON = {"postgres", "redis"}


def run(_seconds: float) -> None:
    """Measures, and prints the resident memory of each process and the total."""
    with running_platform() as platform:
        memory = {name: int(service["rss_bytes"]) for name, service in platform.status["services"].items()}
    print("\nMemory at rest, resident")
    for name, rss in memory.items():
        aim = "" if name in _NOT_PYTHON else f" (aim: at most {_PYTHON_AIM_MIB} MiB)"
        print(f"{name:>12} {rss / _MIB:8.1f} MiB{aim}")
    print(f"{'all':>12} {sum(memory.values()) / 1e6:8.1f} MB (aim: at most {_WHOLE_AIM_MB} MB)")
