"""`just up`."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_stack import interrupt, logs, state, status
from local_stack.console import Screen, tail
from local_stack.data_dir import DataDir
from local_stack.errors import ProcessFailedError, StackError
from local_stack.exit_watcher import ExitWatcher
from local_stack.interrupt import Interrupt
from local_stack.inventory import build_inventory
from local_stack.ports import require_free
from local_stack.processes import describe_exit
from local_stack.servers.prometheus import plan_prometheus
from local_stack.shutdown import kill_all, running, stop_all
from local_stack.startup import Startup

_Announce = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The options of `just up`. with_prometheus: whether to start Prometheus if it is installed."""

    data: DataDir
    detached: bool
    fresh: bool
    offset: int
    replicas: Mapping[str, int]
    with_prometheus: bool


async def up(options: UpOptions, screen: Screen) -> int:
    """Starts the stack; in the foreground, keeps it until it is interrupted. Returns the exit code.

    Raises:
        StackError: nothing was started.
    """
    interruption = Interrupt(kill=lambda: kill_all(options.data))
    with options.data.locked():
        if await _runs_already(options, screen):
            return 0
        prometheus = plan_prometheus(offset=options.offset, wanted=options.with_prometheus)
        inventory = build_inventory(
            options.data,
            offset=options.offset,
            replicas=options.replicas,
            environ=os.environ,
            prometheus_port=prometheus.port,
        )
        elsewhere = options.data.command("up", "--port-offset", str(options.offset + 100))
        await require_free(inventory.claims(), screen.say, hint=elsewhere)
        options.data.prepare(fresh=options.fresh)
        follower = logs.LogFollower(options.data, None, 0, screen.line)
        announce = screen.line if options.detached else _announce_below(follower, screen)
        shown = None if options.detached else asyncio.ensure_future(follower.follow())
        startup = Startup(inventory, announce)
        code = await _started(startup, options, interruption, screen, announce)
    if code == 0:
        screen.say(prometheus.note)
    if code == 0 and not options.detached:
        code = await _until_the_end(startup.children, options, interruption, announce)
    if shown is not None:
        shown.cancel()
    return code


async def _runs_already(options: UpOptions, screen: Screen) -> bool:
    """Returns whether a complete stack runs; stops the rest of an incomplete one."""
    recorded, alive = state.read(options.data.state), running(options.data)
    if not alive:
        return False
    missing = ", ".join(recorded.keys() - alive.keys())
    if missing:
        screen.say(f"A stack runs here without its {missing}: stopping the rest of it first.")
        await stop_all(options.data, screen.line)
        return False
    if options.fresh:
        raise StackError(
            f"a stack runs on these data; stop it by `{options.data.command('down')}` before you use --fresh"
        )
    screen.say("The stack is already running.")
    screen.table(await status.gather(options.data))
    return True


def _announce_below(follower: logs.LogFollower, screen: Screen) -> _Announce:
    """Returns an `announce` that first prints the log lines written before the event."""

    def announce(name: str, text: str) -> None:
        follower.show_new()
        screen.line(name, text)

    return announce


async def _started(
    startup: Startup, options: UpOptions, interruption: Interrupt, screen: Screen, announce: _Announce
) -> int:
    try:
        await interruption.run_unless_requested(startup.run())
    except Exception as failure:
        await stop_all(options.data, announce)
        if not isinstance(failure, StackError):
            raise
        screen.say(f"\n{failure}")
        if isinstance(failure, ProcessFailedError):
            screen.say(f"The end of {failure.log}:\n{tail(failure.log)}")
        return 1
    if interruption.requested:
        await stop_all(options.data, announce)
        return interrupt.EXIT_CODE
    rows = await status.gather(options.data)
    screen.say("")
    screen.table(rows)
    screen.say("")
    gateway = next(row for row in rows if row.name == "gateway")
    screen.first_steps(gateway.url, gateway.admin_url or "", options.data if options.detached else None)
    return 0


async def _until_the_end(
    children: Mapping[str, subprocess.Popen[bytes]], options: UpOptions, interruption: Interrupt, announce: _Announce
) -> int:
    """Waits for Ctrl-C or for a process to exit, and stops everything.

    Returns:
        0 if the processes were stopped (`just down`), 1 if one failed, 130 if interrupted.
    """
    watcher = ExitWatcher(options.data, children)
    await interruption.run_unless_requested(watcher.until_one_ends())
    for name, code in watcher.ended.items():
        announce(name, f"{'ended' if code is None else describe_exit(code)}: stopping the rest")
    await stop_all(options.data, announce)
    if any(code != 0 for code in watcher.ended.values()):
        return 1
    # With any other code, `just` would print an error about the interruption.
    return interrupt.EXIT_CODE if interruption.requested else 0
