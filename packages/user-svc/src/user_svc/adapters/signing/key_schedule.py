"""The schedule of the signing keys: when each signs, and when its last token will have expired."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from user_svc.adapters.signing.signing_key import SigningKey


class KeyState(StrEnum):
    """The state of a key at one moment."""

    NEXT = "next"
    """Published, not signing yet."""
    SIGNING = "signing"
    VERIFYING = "verifying"
    """Superseded, still published: its tokens may be accepted."""
    EXPIRED = "expired"
    """No longer published: its last token has expired."""


@dataclass(frozen=True, slots=True)
class ScheduledKey:
    """A key and its state. retires_at: when its last token will have expired (Unix seconds); None: no successor yet."""

    key: SigningKey
    state: KeyState
    retires_at: float | None


def schedule(keys: Sequence[SigningKey], now: float, tokens_live_s: float) -> list[ScheduledKey]:
    """Returns the keys with their states, in the order in which they sign.

    Args:
        keys: in any order.
        now: in Unix seconds.
        tokens_live_s: how long a token may be accepted after it was signed, in seconds, clock differences included.
    """
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.kid))
    # If none is due yet, the first one signs: a clock that is behind must not leave the service without a key.
    signing = max((at for at, key in enumerate(ordered) if key.signs_from <= now), default=0)
    scheduled = []
    for at, key in enumerate(ordered):
        retires_at = ordered[at + 1].signs_from + tokens_live_s if at + 1 < len(ordered) else None
        if at == signing:
            state = KeyState.SIGNING
        elif at > signing:
            state = KeyState.NEXT
        else:
            state = KeyState.VERIFYING if retires_at is None or now < retires_at else KeyState.EXPIRED
        scheduled.append(ScheduledKey(key, state, retires_at))
    return scheduled


def in_state(scheduled: Sequence[ScheduledKey], state: KeyState) -> list[SigningKey]:
    """Returns the keys that are in ``state``."""
    return [each.key for each in scheduled if each.state is state]
