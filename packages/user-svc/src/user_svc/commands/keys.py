"""`user-svc keys create`, `keys list` and `keys rotate`; see retire_key.py for `keys retire`."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from service_kit.cli import Subcommand

from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.key_rotation import KeyRotation
from user_svc.adapters.signing.key_schedule import ScheduledKey, schedule
from user_svc.adapters.signing.signing_key import SigningKeyError
from user_svc.commands.output import FAILED, fail, say
from user_svc.settings import Settings

_HEADINGS = ("KID", "STATE", "SIGNS FROM", "RETIRES AT")


def rotation_of(settings: Settings) -> KeyRotation:
    """Returns the rotation of the folder in the settings."""
    return KeyRotation(KeyFolder(settings.key_dir), time.time, settings.superseded_key_ttl_s)


def with_exit_code(command: str, run: Callable[[Settings, Namespace], None]) -> Callable[[Settings, Namespace], int]:
    """Wraps ``run`` so that it returns 0, or 1 after writing a SigningKeyError to standard error."""

    def wrapped(settings: Settings, arguments: Namespace) -> int:
        try:
            run(settings, arguments)
        except SigningKeyError as exc:
            return fail(command, exc, FAILED)
        return 0

    return wrapped


def _create(settings: Settings, _arguments: Namespace) -> None:
    made = rotation_of(settings).create()
    if made is None:
        say(f"{settings.key_dir} holds a signing key already; nothing to do")
    else:
        say(f"made the signing key {made.kid} in {settings.key_dir}")


def _rotate(settings: Settings, _arguments: Namespace) -> None:
    rotated = rotation_of(settings).rotate(settings.key_lead_s)
    say(f"made the key {rotated.made.kid}, which signs from {_time(rotated.made.signs_from)}")
    for removed in rotated.removed:
        say(f"removed the key {removed.kid}, whose last token has expired")


def _list(settings: Settings, arguments: Namespace) -> None:
    keys = KeyFolder(settings.key_dir).read_nonempty()
    scheduled = schedule(keys, time.time(), settings.superseded_key_ttl_s)
    if arguments.json:
        say(json.dumps([_row(each) for each in scheduled], indent=2))
    else:
        say("\n".join(_table(scheduled)))


def _row(each: ScheduledKey) -> dict[str, str | None]:
    retires_at = None if each.retires_at is None else _time(each.retires_at)
    return {
        "kid": each.key.kid,
        "state": each.state.value,
        "signs_from": _time(each.key.signs_from),
        "retires_at": retires_at,
    }


def _table(scheduled: list[ScheduledKey]) -> Iterator[str]:
    rows = [_HEADINGS, *(tuple(text or "-" for text in _row(each).values()) for each in scheduled)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _time(unix_s: float) -> str:
    """Returns the time in UTC, to the second (RFC 3339)."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _configure_list(parser: ArgumentParser) -> None:
    parser.description = (
        "Shows each key's state, from when it signs, and when its last token will have expired (UTC). "
        "next: published, not signing yet; signing; verifying: superseded, its tokens may still be accepted; "
        "expired: no longer published, removed by the next rotation."
    )
    parser.add_argument("--json", action="store_true", help="as a JSON array of kid, state, signs_from, retires_at")


CREATE_KEY = Subcommand(
    "keys create", "make a key that signs access tokens, if there is none", with_exit_code("keys create", _create)
)
LIST_KEYS = Subcommand(
    "keys list", "show the keys and their states", with_exit_code("keys list", _list), _configure_list
)
ROTATE_KEYS = Subcommand(
    "keys rotate",
    "make the key that will sign next, and remove those that have expired",
    with_exit_code("keys rotate", _rotate),
)
