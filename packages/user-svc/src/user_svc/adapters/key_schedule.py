"""When each key signs, and until when its tokens may live."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from user_svc.adapters.signing_key import SigningKey


class KeyState(StrEnum):
    """What a key does at one moment."""

    NEXT = "next"
    """Published, and does not sign yet."""
    SIGNING = "signing"
    VERIFYING = "verifying"
    """Superseded, and published because tokens of it may live."""
    EXPIRED = "expired"
    """Its last token has expired, so it is not published any more."""


@dataclass(frozen=True, slots=True)
class ScheduledKey:
    """A key at one moment. retires_at: when its last token will have expired (Unix seconds); None: no successor yet."""

    key: SigningKey
    state: KeyState
    retires_at: float | None


def schedule(keys: Sequence[SigningKey], now: float, tokens_live_s: float) -> list[ScheduledKey]:
    """What each of the keys does at the time ``now`` (Unix seconds), the first to sign first.

    tokens_live_s: how long a token may be accepted after it was signed, clock differences included.
    """
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.kid))
    # Where none is due, the first to come signs: a clock that runs behind must not leave us without one.
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
    """The keys that are in ``state``."""
    return [each.key for each in scheduled if each.state is state]
