"""Runs a process from its command line."""

import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar, cast

from service_kit.cli.parser import build_parser
from service_kit.cli.subcommand import Subcommand
from service_kit.runtime.allocator import release_large_blocks
from service_kit.runtime.inherited_environment import remove_inherited
from service_kit.runtime.start_refused import StartRefusedError
from service_kit.settings import SettingsError, describe, load, unknown_variables

T = TypeVar("T")

_FAILED = 1
_WRONG_SETTINGS = 2
_INTERRUPTED = 130


def command(
    cls: type[T],
    *,
    program: str,
    description: str,
    prefix: str,
    serve: Callable[[T], Awaitable[None]],
    subcommands: Sequence[Subcommand[T]] = (),
    arguments: Sequence[str] | None = None,
) -> int:
    """Runs ``program``: serves, runs a subcommand, or prints help, version or settings.

    A variable that begins with ``prefix`` and names no setting is reported on standard error, and does not stop the
    process: after a roll-back, the environment may hold settings of a newer version.

    Args:
        cls: The settings dataclass.
        program: The name of the command and of its distribution.
        description: Of the process, for --help.
        prefix: Of the settings' environment variables, such as "GATEWAY_".
        serve: Serves until the process is stopped. It may raise StartRefusedError.
        subcommands: Further commands of the program.
        arguments: Those of the process, unless given.

    Returns:
        The exit code.
    """
    remove_inherited(os.environ)
    parser = build_parser(cls, program=program, description=description, prefix=prefix, subcommands=subcommands)
    parsed = parser.parse_args(arguments)
    further = [name for subcommand in subcommands for name in subcommand.variables]
    for variable, nearest in unknown_variables(cls, prefix, os.environ, further):
        hint = f"; did you mean {nearest}?" if nearest else ""
        sys.stderr.write(f"{program}: {variable} is not a setting and is ignored{hint}\n")
    try:
        settings = load(cls, prefix, os.environ)
    except SettingsError as exc:
        return _refuse(program, exc)
    if parsed.print_config:
        sys.stdout.write(describe(settings, prefix) + "\n")
        return 0
    try:
        if parsed.subcommand is not None:
            return cast("Subcommand[T]", parsed.subcommand).run(settings, parsed)
        return _serve(serve(settings))
    except StartRefusedError as exc:  # found only after the contract or a file was read
        return _refuse(program, exc)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _refuse(program: str, error: StartRefusedError) -> int:
    problems = "".join(f"\n  {problem}" for problem in error.problems)
    hint = f"See {program} --help.\n" if isinstance(error, SettingsError) else ""
    sys.stderr.write(f"{program}: {error.heading}:{problems}\n{hint}")
    return _WRONG_SETTINGS


def _serve(serving: Awaitable[None]) -> int:
    # Imported here to keep --help fast: together they take 250 ms.
    import asyncio  # noqa: PLC0415

    import uvloop  # noqa: PLC0415
    from loguru import logger  # noqa: PLC0415

    from service_kit.lifecycle import ProcessFailedError  # noqa: PLC0415

    try:
        release_large_blocks()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(cast("Coroutine[Any, Any, None]", serving))
    except ProcessFailedError:  # logged where it happened
        return _FAILED
    except StartRefusedError:
        raise
    except Exception:  # the outermost frame: an uncaught exception would not be logged as JSON
        logger.exception("stopped by an unexpected error")
        return _FAILED
    return 0
