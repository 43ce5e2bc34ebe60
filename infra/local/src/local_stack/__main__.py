"""The entry point of `local-stack`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

from local_stack import data_dir, interrupt, inventory_file, logs, shutdown, status
from local_stack.arguments import parser
from local_stack.console import Screen, tail
from local_stack.errors import ProcessFailedError, StackError
from local_stack.inventory import build_inventory, program
from local_stack.restart import restart
from local_stack.service_settings import merged, migration_settings
from local_stack.up import UpOptions, up


def main() -> int:
    """Runs one command and returns its exit code: 0, 1 on failure, 2 for wrong arguments, 130 when interrupted."""
    arguments = parser().parse_args()
    try:
        return asyncio.run(_run(_COMMANDS[arguments.command](arguments)))
    except StackError as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return interrupt.EXIT_CODE
    except BrokenPipeError:
        # The reader of our output has closed it (`just logs | head`); the interpreter must not flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as failure:  # a full disk, or another account's files
        print(f"cannot continue: {failure.strerror}: {failure.filename or ''}".rstrip(": "), file=sys.stderr)
        return 1


async def _run(command: Awaitable[int]) -> int:
    return await command


async def _up(arguments: argparse.Namespace) -> int:
    data = data_dir.resolve(arguments.data_dir)
    options = UpOptions(
        data,
        detached=arguments.detach,
        fresh=arguments.fresh,
        offset=arguments.port_offset,
        replicas=arguments.replicas,
        with_prometheus=not arguments.no_prometheus,
    )
    return await up(options, Screen())


async def _down(arguments: argparse.Namespace) -> int:
    data, screen = data_dir.resolve(arguments.data_dir), Screen()
    if not shutdown.running(data):
        screen.say("Nothing is running.")
    # The lock shows an `up` in the foreground that the stop is intended. A stack that is still starting is stopped too.
    with data.locked_if_free():
        await shutdown.stop_all(data, screen.line)
    return 0


async def _restart(arguments: argparse.Namespace) -> int:
    screen = Screen()
    try:
        await restart(data_dir.resolve(arguments.data_dir), arguments.names, os.environ, screen.line)
    except ProcessFailedError as failure:
        screen.say(f"{failure}\nThe end of {failure.log}:\n{tail(failure.log)}")
        return 1
    return 0


async def _status(arguments: argparse.Namespace) -> int:
    rows, screen = await status.gather(data_dir.resolve(arguments.data_dir)), Screen()
    if arguments.json:
        print(json.dumps(status.as_json(rows), indent=2))
    elif rows:
        screen.table(rows)
    else:
        screen.say("Nothing is running.")
    return 0


async def _logs(arguments: argparse.Namespace) -> int:
    data, screen = data_dir.resolve(arguments.data_dir), Screen()
    if arguments.follow:
        await logs.LogFollower(data, arguments.name, arguments.lines, screen.line).follow()
    logs.show_once(data, arguments.name, arguments.lines, screen.line)
    return 0


async def _run_service(arguments: argparse.Namespace) -> int:
    data = data_dir.resolve(arguments.data_dir)
    if shutdown.running(data):
        inventory = inventory_file.read(data)
    else:
        inventory = build_inventory(data, offset=arguments.port_offset, replicas={}, environ=os.environ)
    environ = merged(inventory.environ, os.environ)
    if arguments.arguments[:1] == ["migrate"]:
        environ |= migration_settings(data, arguments.service, inventory.caller)
    command = [program(arguments.service), *arguments.arguments]
    process = await asyncio.create_subprocess_exec(*command, env=environ)
    return await process.wait()


_COMMANDS: dict[str, Callable[[argparse.Namespace], Awaitable[int]]] = {
    "up": _up,
    "down": _down,
    "restart": _restart,
    "status": _status,
    "logs": _logs,
    "run": _run_service,
}

if __name__ == "__main__":
    sys.exit(main())
