"""`just up`."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from local_stack import interrupt, logs, state, status
from local_stack.console import Screen, tail
from local_stack.data_dir import DataDir
from local_stack.errors import ProcessFailedError, StackError
from local_stack.interrupt import Interrupt
from local_stack.inventory import take
from local_stack.ports import require_free
from local_stack.processes import describe_exit
from local_stack.shutdown import kill_all, running, stop_all
from local_stack.startup import Startup

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of stack is wanted, and where."""

    data: DataDir
    detached: bool
    fresh: bool
    offset: int
    replicas: Mapping[str, int]


async def up(wish: Wish, screen: Screen) -> int:
    """Bring the stack up, and in the foreground keep it until it is to end. Returns the exit code.

    Raises:
        StackError: nothing was started.
    """
    wanted_out = Interrupt(at_once=lambda: kill_all(wish.data))
    with wish.data.locked():
        if await _runs_already(wish, screen):
            return 0
        inventory = take(wish.data, offset=wish.offset, replicas=wish.replicas, environ=os.environ)
        require_free(inventory.claims())
        wish.data.prepare(fresh=wish.fresh)
        startup = Startup(inventory, screen.line)
        shown = asyncio.ensure_future(_show_logs(wish, screen))
        code = await _started(startup, wish.data, wanted_out, screen)
    if code == 0 and not wish.detached:
        code = await _until_the_end(startup.children, wish.data, wanted_out, screen)
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
        raise StackError("a stack runs on these data; stop it by `just down` before you start with empty data")
    screen.say("The stack is already running.")
    screen.table(await status.gather(wish.data))
    return True


async def _show_logs(wish: Wish, screen: Screen) -> None:
    if not wish.detached:
        await logs.follow(wish.data, None, 0, screen.line)


async def _started(startup: Startup, data: DataDir, wanted_out: Interrupt, screen: Screen) -> int:
    try:
        await wanted_out.during(startup.run())
    except Exception as failure:
        await stop_all(data, screen.line)
        if not isinstance(failure, StackError):
            raise
        screen.say(f"\n{failure}")
        if isinstance(failure, ProcessFailedError):
            screen.say(f"The end of {failure.log}:\n{tail(failure.log)}")
        return 1
    if wanted_out.came:
        await stop_all(data, screen.line)
        return interrupt.EXIT_CODE
    rows = await status.gather(data)
    screen.say("")
    screen.table(rows)
    screen.say("")
    screen.first_call(next(row.url for row in rows if row.name == "gateway"))
    return 0


async def _until_the_end(
    children: Mapping[str, subprocess.Popen[bytes]], data: DataDir, wanted_out: Interrupt, screen: Screen
) -> int:
    """Wait for Ctrl-C, or for a process to end, and stop everything. Returns 0 unless a process failed."""
    await wanted_out.during(_one_ends(children))
    ended = {name: child.returncode for name, child in children.items() if child.returncode is not None}
    for name, code in ended.items():
        screen.line(name, f"{describe_exit(code)}: stopping the rest")
    await stop_all(data, screen.line)
    return 1 if any(ended.values()) else 0


async def _one_ends(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    while all([child.poll() is None for child in children.values()]):  # noqa: C419  (every one is to be asked)
        await asyncio.sleep(_POLL_S)
