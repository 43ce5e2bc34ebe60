"""The command line of a process: settings from the environment, a few options, exit codes.

Exit codes: 0 stopped by a signal, 1 failed, 2 wrong settings or arguments, 130 interrupted.
"""

from service_kit.cli.command import command
from service_kit.cli.subcommand import Subcommand

__all__ = ["Subcommand", "command"]
