"""Rotation of the signing keys. Each change holds the folder's lock, and is safe to interrupt at any point."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.key_schedule import KeyState, in_state, schedule
from user_svc.adapters.signing.signing_key import SigningKey, SigningKeyError, new_key


@dataclass(frozen=True, slots=True)
class Rotation:
    """The result of a rotation. made: the next key. removed: the keys whose last token has expired."""

    made: SigningKey
    removed: list[SigningKey]


@dataclass(frozen=True, slots=True)
class Retirement:
    """The result of retiring a key. successor: the key that signs instead; None: the retired key did not sign."""

    successor: SigningKey | None


class KeyRotation:
    """Creates, rotates and retires keys. Every method may raise SigningKeyError.

    now: returns Unix seconds. tokens_live_s: how long a token may be accepted after it was signed, in seconds.
    """

    def __init__(self, folder: KeyFolder, now: Callable[[], float], tokens_live_s: float) -> None:
        self._folder = folder
        self._now = now
        self._tokens_live_s = tokens_live_s

    def create(self) -> SigningKey | None:
        """Makes the first key, which signs at once. None: there is a key already."""
        with self._folder.locked():
            if self._folder.read():
                return None
            made = new_key(self._now())
            self._folder.write(made)
            return made

    def rotate(self, lead_s: float) -> Rotation:
        """Makes the next key, which signs once it has been published for ``lead_s`` seconds; removes expired ones.

        Raises:
            SigningKeyError: there is no key, or one is waiting to sign already. Nothing was changed.
        """
        with self._folder.locked():
            now = self._now()
            scheduled = schedule(self._folder.read_nonempty(), now, self._tokens_live_s)
            for waiting in in_state(scheduled, KeyState.NEXT):
                raise SigningKeyError(f"the key {waiting.kid} is waiting to sign already")
            made = new_key(math.ceil(now + lead_s))
            self._folder.write(made)
            expired = in_state(scheduled, KeyState.EXPIRED)
            self._remove(expired)
            return Rotation(made, expired)

    def retire(self, kid: str) -> Retirement:
        """Deletes a key at once. If it is the one that signs, the next one, or else a new one, signs from now on.

        Raises:
            SigningKeyError: there is no such key. Nothing was changed.
        """
        with self._folder.locked():
            now = self._now()
            scheduled = schedule(self._folder.read_nonempty(), now, self._tokens_live_s)
            retired = next((each for each in scheduled if each.key.kid == kid), None)
            if retired is None:
                raise SigningKeyError(f"{self._folder.path} holds no key {kid!r}; `user-svc keys list` shows them")
            successor = None
            if retired.state is KeyState.SIGNING:
                waiting = in_state(scheduled, KeyState.NEXT)
                successor = replace(waiting[0], signs_from=now) if waiting else new_key(now)
                # Written before the other is removed: a reader in between sees both, of which this one signs.
                self._folder.write(successor)
            self._folder.remove(retired.key)
            # Expiry counts from the successor: without it, an expired key whose successor was retired would be
            # published again.
            self._remove([key for key in in_state(scheduled, KeyState.EXPIRED) if key.kid != kid])
            return Retirement(successor)

    def _remove(self, keys: list[SigningKey]) -> None:
        for key in keys:
            self._folder.remove(key)
