"""Stops a stack from the edge inwards: gateways, then services, then servers, so that each can finish its work."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from local_stack import state
from local_stack.data_dir import DataDir
from local_stack.inventory import SERVERS, service_of
from local_stack.processes import environ_of, is_running, marker, stop
from local_stack.service_settings import prefix_of

#: The services' default; a process with another *_DRAIN_S gets that time.
_DEFAULT_DRAIN_S = 10.0
_BEYOND_DRAIN_S = 20.0


def running(data: DataDir) -> dict[str, state.Process]:
    """Returns the recorded processes that are still alive."""
    return {
        name: process
        for name, process in state.read(data.state).items()
        if is_running(process.pid, marker(data.root, name))
    }


async def stop_all(data: DataDir, announce: Callable[[str, str], None]) -> None:
    """Stops everything in order, and removes state.json."""
    processes = running(data)
    for tier in _tiers(processes):
        await asyncio.gather(*(stop_one(data, name, processes[name].pid, announce) for name in tier))
    _forget(data)


def kill_all(data: DataDir) -> None:
    """Kills everything at once, after a second interrupt."""
    for name, process in running(data).items():
        # SIGQUIT also ends PostgreSQL's child processes.
        signal_number = signal.SIGQUIT if name == "postgres" else signal.SIGKILL
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal_number)
    _forget(data)


def _forget(data: DataDir) -> None:
    data.state.unlink(missing_ok=True)
    data.inventory.unlink(missing_ok=True)


def _tiers(processes: Mapping[str, state.Process]) -> list[list[str]]:
    gateways = [name for name in processes if name.startswith("gateway")]
    servers = [name for name in processes if name in SERVERS]
    services = [name for name in processes if name not in gateways and name not in servers]
    return [gateways, services, servers]


async def stop_one(data: DataDir, name: str, pid: int, announce: Callable[[str, str], None]) -> None:
    """Stops one process, and kills it if it takes longer than its drain time plus 20 s."""
    by = signal.SIGINT if name == "postgres" else signal.SIGTERM  # on SIGTERM, PostgreSQL waits for its clients
    within_s = _stop_timeout_s(name, pid)
    by_itself = await stop(pid, marker(data.root, name), by=by, within_s=within_s)
    announce(name, "stopped" if by_itself else f"did not stop within {within_s:.0f} s, killed")


def _stop_timeout_s(name: str, pid: int) -> float:
    setting = f"{prefix_of(service_of(name))}_DRAIN_S"
    try:
        return float(environ_of(pid).get(setting, _DEFAULT_DRAIN_S)) + _BEYOND_DRAIN_S
    except ValueError:
        return _DEFAULT_DRAIN_S + _BEYOND_DRAIN_S
