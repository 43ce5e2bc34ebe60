"""`just up`."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_stack import interrupt, logs, recording, state, status
from local_stack.console import Screen, tail
from local_stack.data_dir import DataDir
from local_stack.errors import ProcessFailedError, StackError
from local_stack.interrupt import Interrupt
from local_stack.inventory import take
from local_stack.ports import require_free
from local_stack.processes import describe_exit
from local_stack.shutdown import kill_all, running, stop_all
from local_stack.startup import Startup
from local_stack.watch import Watch

_Announce = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of stack is wanted, and where. recorded: whether Prometheus is, if it can be had."""

    data: DataDir
    detached: bool
    fresh: bool
    offset: int
    replicas: Mapping[str, int]
    recorded: bool


async def up(wish: Wish, screen: Screen) -> int:
    """Bring the stack up, and in the foreground keep it until it is to end. Returns the exit code.

    Raises:
        StackError: nothing was started.
    """
    wanted_out = Interrupt(at_once=lambda: kill_all(wish.data))
    with wish.data.locked():
        if await _runs_already(wish, screen):
            return 0
        recorded = recording.plan(offset=wish.offset, wanted=wish.recorded)
        inventory = take(
            wish.data,
            offset=wish.offset,
            replicas=wish.replicas,
            environ=os.environ,
            prometheus_port=recorded.port,
        )
        elsewhere = wish.data.command("up", "--port-offset", str(wish.offset + 100))
        await require_free(inventory.claims(), screen.say, hint=elsewhere)
        wish.data.prepare(fresh=wish.fresh)
        following = logs.Following(wish.data, None, 0, screen.line)
        announce = screen.line if wish.detached else _among(following, screen)
        shown = None if wish.detached else asyncio.ensure_future(following.forever())
        startup = Startup(inventory, announce)
        code = await _started(startup, wish, wanted_out, screen, announce)
    if code == 0:
        screen.say(recorded.note)
    if code == 0 and not wish.detached:
        code = await _until_the_end(startup.children, wish, wanted_out, announce)
    if shown is not None:
        shown.cancel()
    return code


async def _runs_already(wish: Wish, screen: Screen) -> bool:
    """Whether a whole stack runs; what is left of a broken one is stopped."""
    recorded, alive = state.read(wish.data.state), running(wish.data)
    if not alive:
        return False
    missing = ", ".join(recorded.keys() - alive.keys())
    if missing:
        screen.say(f"A stack runs here without its {missing}: stopping the rest of it first.")
        await stop_all(wish.data, screen.line)
        return False
    if wish.fresh:
        raise StackError(f"a stack runs on these data; stop it by `{wish.data.command('down')}` before you use --fresh")
    screen.say("The stack is already running.")
    screen.table(await status.gather(wish.data))
    return True


def _among(following: logs.Following, screen: Screen) -> _Announce:
    """Announce what happens to a process below what the process itself said before."""

    def announce(name: str, text: str) -> None:
        following.show_new()
        screen.line(name, text)

    return announce


async def _started(startup: Startup, wish: Wish, wanted_out: Interrupt, screen: Screen, announce: _Announce) -> int:
    try:
        await wanted_out.during(startup.run())
    except Exception as failure:
        await stop_all(wish.data, announce)
        if not isinstance(failure, StackError):
            raise
        screen.say(f"\n{failure}")
        if isinstance(failure, ProcessFailedError):
            screen.say(f"The end of {failure.log}:\n{tail(failure.log)}")
        return 1
    if wanted_out.came:
        await stop_all(wish.data, announce)
        return interrupt.EXIT_CODE
    rows = await status.gather(wish.data)
    screen.say("")
    screen.table(rows)
    screen.say("")
    gateway = next(row for row in rows if row.name == "gateway")
    screen.first_steps(gateway.url, gateway.admin_url or "", wish.data if wish.detached else None)
    return 0


async def _until_the_end(
    children: Mapping[str, subprocess.Popen[bytes]], wish: Wish, wanted_out: Interrupt, announce: _Announce
) -> int:
    """Wait for Ctrl-C, or for a process to end, and stop everything.

    Returns 0 if the processes ended well by themselves, such as by `just down`, and 1 if one failed.
    """
    watch = Watch(wish.data, children)
    await wanted_out.during(watch.until_one_ends())
    for name, code in watch.ended.items():
        announce(name, f"{'ended' if code is None else describe_exit(code)}: stopping the rest")
    await stop_all(wish.data, announce)
    if any(code != 0 for code in watch.ended.values()):
        return 1
    # Anything but this code would have `just` complain about the interruption.
    return interrupt.EXIT_CODE if wanted_out.came else 0
