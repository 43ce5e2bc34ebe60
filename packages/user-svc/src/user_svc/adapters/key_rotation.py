"""Changes of the folder of signing keys. Each holds the folder's lock, and can be broken off anywhere without harm."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from user_svc.adapters.key_folder import KeyFolder
from user_svc.adapters.key_schedule import KeyState, in_state, schedule
from user_svc.adapters.signing_key import SigningKey, SigningKeyError, new_key


@dataclass(frozen=True, slots=True)
class Rotated:
    """made: the next key. removed: those whose last token has expired."""

    made: SigningKey
    removed: list[SigningKey]


@dataclass(frozen=True, slots=True)
class Retired:
    """successor: the key that signs from now on in place of the retired one; None: that one did not sign."""

    successor: SigningKey | None


class KeyRotation:
    """now: the time, in Unix seconds. tokens_live_s: how long a token may be accepted after it was signed.

    Every method may raise SigningKeyError.
    """

    def __init__(self, folder: KeyFolder, now: Callable[[], float], tokens_live_s: float) -> None:
        self._folder = folder
        self._now = now
        self._tokens_live_s = tokens_live_s

    def create(self) -> SigningKey | None:
        """Makes the first key, which signs at once; None: there is a key."""
        with self._folder.locked():
            if self._folder.read():
                return None
            made = new_key(self._now())
            self._folder.write(made)
            return made

    def rotate(self, lead_s: float) -> Rotated:
        """Makes the next key, which signs once it has been published for ``lead_s``; removes those that have expired.

        SigningKeyError, with nothing changed: there is no key to follow, or one waits to sign already.
        """
        with self._folder.locked():
            now = self._now()
            scheduled = schedule(self._folder.read_some(), now, self._tokens_live_s)
            for waiting in in_state(scheduled, KeyState.NEXT):
                raise SigningKeyError(f"the key {waiting.kid} is waiting to sign already")
            made = new_key(math.ceil(now + lead_s))
            self._folder.write(made)
            expired = in_state(scheduled, KeyState.EXPIRED)
            self._remove(expired)
            return Rotated(made, expired)

    def retire(self, kid: str) -> Retired:
        """Takes a key away at once. If it is the one that signs, the next one signs from now on, or else a new one.

        SigningKeyError, with nothing changed: there is no such key.
        """
        with self._folder.locked():
            now = self._now()
            scheduled = schedule(self._folder.read_some(), now, self._tokens_live_s)
            retired = next((each for each in scheduled if each.key.kid == kid), None)
            if retired is None:
                raise SigningKeyError(f"{self._folder.path} holds no key {kid!r}; `user-svc keys list` shows them")
            successor = None
            if retired.state is KeyState.SIGNING:
                waiting = in_state(scheduled, KeyState.NEXT)
                successor = replace(waiting[0], signs_from=now) if waiting else new_key(now)
                # Before the other goes: whoever reads in between sees both, of which this one signs.
                self._folder.write(successor)
            self._folder.remove(retired.key)
            # A key that has expired counts from its successor; were that the retired one, it would come back.
            self._remove([key for key in in_state(scheduled, KeyState.EXPIRED) if key.kid != kid])
            return Retired(successor)

    def _remove(self, keys: list[SigningKey]) -> None:
        for key in keys:
            self._folder.remove(key)
