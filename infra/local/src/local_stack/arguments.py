"""The command line: `local-stack up|down|restart|status|logs|run`, which the recipes of the same names run."""

import argparse

from local_stack.inventory import SERVICES
from local_stack.ports import LARGEST_OFFSET

_MOST_REPLICAS = 16
_DEFAULT_LINES = 100


def parser() -> argparse.ArgumentParser:
    """Returns the parser; its result has `command`, `data_dir`, and the options of the command."""
    root = argparse.ArgumentParser(prog="just", description="The whole platform as plain processes on this machine.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data-dir", metavar="DIR", help="where data, logs and state.json are (.local)")
    _add_up(commands.add_parser("up", parents=[shared], help="start everything", description=_UP))
    commands.add_parser("down", parents=[shared], help="stop everything, in order", description=_DOWN)
    again = commands.add_parser("restart", parents=[shared], help="restart processes one by one", description=_RESTART)
    again.add_argument("names", metavar="NAME", nargs="+", help=_NAMES)
    status = commands.add_parser("status", parents=[shared], help="show what runs where", description=_STATUS)
    status.add_argument("--json", action="store_true", help="as JSON, sizes in bytes")
    _add_logs(commands.add_parser("logs", parents=[shared], help="show the logs", description=_LOGS))
    _add_run(commands.add_parser("run", parents=[shared], help="run a command of a service", description=_RUN))
    return root


_UP = "Start everything and stay in the foreground: Ctrl-C drains and stops it. The data of the last run are kept."
_DOWN = "Drain and stop everything: the gateways first, the servers last."
_RESTART = (
    "Drain, stop and start processes again, one at a time: each is ready before the next one is stopped. "
    "Processes that have died are only started. Settings in the environment replace those of the last start."
)
_NAMES = "a service, one of its processes such as gateway-2 (gateway-1 is the first), postgres or redis"
_STATUS = "Show each process with its address, readiness and memory."
_LOGS = "Show the last lines of the logs."
_RUN = (
    "Run a command of a service with the settings of the running stack; settings in the environment replace them. "
    "Example: just run user-svc create-admin --help"
)


def _add_up(up: argparse.ArgumentParser) -> None:
    up.add_argument("-d", "--detach", action="store_true", help="return when everything is ready")
    up.add_argument("--fresh", action="store_true", help="start with empty data")
    up.add_argument("--no-prometheus", action="store_true", help="record no metrics, even if prometheus is on PATH")
    up.add_argument("--port-offset", metavar="N", type=offset, default=0, help="add N to every port (0)")
    up.add_argument(
        "--replicas",
        metavar="NAME=N,...",
        type=replicas,
        default={},
        help=f"number of processes of a service ({', '.join(SERVICES)}; default 1)",
    )


def _add_logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("name", metavar="NAME", nargs="?", help="show this process only")
    logs.add_argument("-f", "--follow", action="store_true", help="keep printing new lines, until Ctrl-C")
    logs.add_argument(
        "-n", "--lines", metavar="N", type=_count, default=_DEFAULT_LINES, help=f"last lines; 0: all ({_DEFAULT_LINES})"
    )


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--port-offset", metavar="N", type=offset, default=0, help="port offset of the stack, if none is running (0)"
    )
    run.add_argument("service", metavar="SERVICE", choices=SERVICES, help=", ".join(SERVICES))
    run.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="arguments of the command")


def offset(text: str) -> int:
    """Parses a port offset; the highest port plus the offset must not exceed 65535."""
    number = _count(text)
    if number > LARGEST_OFFSET:
        raise argparse.ArgumentTypeError(f"{text} is over {LARGEST_OFFSET}, which takes the highest port to 65535")
    return number


def replicas(text: str) -> dict[str, int]:
    """Parses `gateway=2,order-svc=3` into counts by service."""
    return dict(_replica(part) for part in text.split(","))


def _replica(part: str) -> tuple[str, int]:
    name, _, count = part.partition("=")
    if name not in SERVICES:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(SERVICES)}")
    number = _count(count)
    if not 1 <= number <= _MOST_REPLICAS:
        raise argparse.ArgumentTypeError(f"{part!r}: from 1 to {_MOST_REPLICAS} replicas")
    return name, number


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)
