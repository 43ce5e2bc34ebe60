"""The keys that sign access tokens, as a running service sees their folder: always as it is at this moment."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger
from service_kit.telemetry.metrics import meter

from user_svc.adapters.key_folder import KeyFolder
from user_svc.adapters.key_schedule import KeyState, ScheduledKey, schedule
from user_svc.adapters.signing_key import ALGORITHM, SigningKey, SigningKeyError

__all__ = ["ALGORITHM", "SigningKey", "SigningKeyError", "SigningKeys"]

#: Clocks of files are coarse: two changes may bear one mtime. So one that is younger than this says nothing (seconds).
_COARSE_S = 2.0
#: How soon the folder is read again though its stamp is the same (seconds): after a failure, since a file may be
#: repaired in place; and else, since one may have been edited.
_RETRY_S = 1.0
_RELOOK_S = 10.0


class SigningKeys:
    """Looks at the folder (one stat) whenever it is asked, and reads it anew when that has changed.

    While the folder cannot be read, or holds no key, the last keys stay in force: logged, counted, and told by `check`.

    tokens_live_s: how long a token may be accepted after it was signed. now: the time, in Unix seconds.
    """

    def __init__(self, directory: Path, tokens_live_s: float, now: Callable[[], float] = time.time) -> None:
        self._folder = KeyFolder(directory)
        self._tokens_live_s = tokens_live_s
        self._now = now
        self._keys: Sequence[SigningKey] = ()
        self._stamp: tuple[int, int, int] | None = None
        self._read_again_at = 0.0
        self._problem: SigningKeyError | None = None
        self._reads = meter("user_svc.signing_keys").create_counter(
            "user_svc.signing_keys.reads", unit="{read}", description="Readings of the folder of keys, by outcome"
        )

    def current(self) -> SigningKey:
        """The key that signs now. SigningKeyError: there is none."""
        self._look()
        for each in self._schedule():
            if each.state is KeyState.SIGNING:
                return each.key
        raise SigningKeyError(str(self._problem))

    def public(self) -> list[dict[str, str]]:
        """The public halves of all keys of which a token may come to be or still live."""
        self._look()
        return [each.key.public_jwk for each in self._schedule() if each.state is not KeyState.EXPIRED]

    async def published(self) -> list[dict[str, str]]:
        """The same, for a KeySet."""
        return self.public()

    async def check(self) -> None:
        """Return if the folder is in order. SigningKeyError: it is not, whatever keys are in force."""
        self._look()
        if self._problem is not None:
            raise SigningKeyError(str(self._problem))

    def _schedule(self) -> list[ScheduledKey]:
        return schedule(self._keys, self._now(), self._tokens_live_s)

    def _look(self) -> None:
        """Reads the folder if it may have changed."""
        try:
            stamp, changed_at = self._folder.stamp()
            if stamp == self._stamp and time.monotonic() < self._read_again_at:
                return
            # Stamped before it is read: what changes in between is found the next time.
            self._stamp = stamp
            keys = self._folder.read_some()
        except SigningKeyError as exc:
            self._read_again_at = time.monotonic() + _RETRY_S
            self._note(exc)
            return
        self._keys = keys
        settled = time.time() - changed_at >= _COARSE_S
        self._read_again_at = time.monotonic() + (_RELOOK_S if settled else 0)
        self._note(None)

    def _note(self, problem: SigningKeyError | None) -> None:
        self._reads.add(1, {"outcome": "ok" if problem is None else "failed"})
        if str(problem) != str(self._problem):
            if problem is None:
                logger.info("the folder of signing keys is in order again")
            elif self._keys:
                logger.error(
                    "the folder of signing keys is not in order, {} stay in force: {}", len(self._keys), problem
                )
        self._problem = problem
