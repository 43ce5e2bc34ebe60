"""The arguments of a process's command, and its help."""

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from service_kit.cli.subcommand import Subcommand
from service_kit.settings import reference

_WIDTH = 100


class _Version(argparse.Action):
    """Prints the installed version; the lookup takes 20 ms, so it is done only for this option."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415  (see above)

        sys.stdout.write(f"{parser.prog} {version(parser.prog)}\n")
        parser.exit()


class _HelpWithSettings(argparse.Action):
    """Prints the help with every setting; the text is built only for this option."""

    def __init__(self, *args: Any, settings: tuple[type, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = settings

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        parser.epilog = "\n".join(_settings_help(*self._settings))
        parser.print_help()
        parser.exit()


def build_parser(
    cls: type, *, program: str, description: str, prefix: str, subcommands: Sequence[Subcommand[Any]]
) -> argparse.ArgumentParser:
    """Returns the parser of ``program``; it stores a given subcommand in the attribute `subcommand`."""
    parser = argparse.ArgumentParser(
        program,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    parser.set_defaults(subcommand=None)
    parser.add_argument(
        "-h", "--help", action=_HelpWithSettings, settings=(cls, prefix), nargs=0, help="show this help and exit"
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.add_argument(
        "--print-config", action="store_true", help="show the settings in force, secrets masked, and exit"
    )
    _add_subcommands(parser, subcommands)
    return parser


def _add_subcommands(parser: argparse.ArgumentParser, subcommands: Sequence[Subcommand[Any]]) -> None:
    if not subcommands:
        return
    commands = parser.add_subparsers(title="subcommands (without one: serve)", metavar="SUBCOMMAND")
    groups: dict[str, Any] = {}
    for subcommand in subcommands:
        *group, name = subcommand.name.split()
        into = commands
        if group:
            if group[0] not in groups:
                group_parser = commands.add_parser(group[0], help=_members(group[0], subcommands))
                groups[group[0]] = group_parser.add_subparsers(metavar="SUBCOMMAND", required=True)
            into = groups[group[0]]
        its_parser = into.add_parser(name, help=subcommand.help, description=subcommand.help, allow_abbrev=False)
        its_parser.set_defaults(subcommand=subcommand)
        if subcommand.configure is not None:
            subcommand.configure(its_parser)


def _members(group: str, subcommands: Sequence[Subcommand[Any]]) -> str:
    members = (each for each in subcommands if each.name.split()[0] == group)
    return "; ".join(f"{each.name.split()[1]}: {each.help}" for each in members)


def _settings_help(cls: type, prefix: str) -> Iterator[str]:
    yield "settings, from the environment; NAME_FILE may hold the path of a file with the value of NAME:"
    for variable, text in reference(cls, prefix):
        yield f"  {variable}"
        yield textwrap.fill(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
