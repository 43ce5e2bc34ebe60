"""The signing keys of a running service, read again whenever their folder changes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger
from service_kit.telemetry.metrics import meter

from user_svc.adapters.signing.key_folder import KeyFolder
from user_svc.adapters.signing.key_schedule import KeyState, ScheduledKey, schedule
from user_svc.adapters.signing.signing_key import SigningKey, SigningKeyError

#: File systems may give two changes the same mtime. So an mtime younger than this does not prove that nothing changed.
_MTIME_RESOLUTION_S = 2.0
#: When the folder is read again although its stamp is unchanged: after a failure, since a file may be repaired in
#: place.
_RETRY_S = 1.0
#: And otherwise, since a file may be edited in place.
_REREAD_S = 10.0


class SigningKeys:
    """The signing keys. Each call stats the folder, and reads it again if it has changed.

    While the folder cannot be read or holds no key, the last keys stay in use. That is logged and counted, and `check`
    fails.

    Args:
        directory: of the key files.
        tokens_live_s: how long a token may be accepted after it was signed, in seconds.
        now: returns Unix seconds.
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
            "user_svc.signing_keys.reads", unit="{read}", description="Reads of the folder of signing keys, by outcome"
        )

    def current(self) -> SigningKey:
        """Returns the key that signs now.

        Raises:
            SigningKeyError: there is none.
        """
        self._refresh()
        for each in self._schedule():
            if each.state is KeyState.SIGNING:
                return each.key
        raise SigningKeyError(str(self._problem))

    def public(self) -> list[dict[str, str]]:
        """Returns the public halves of the keys that have not expired."""
        self._refresh()
        return [each.key.public_jwk for each in self._schedule() if each.state is not KeyState.EXPIRED]

    async def published(self) -> list[dict[str, str]]:
        """Returns the same, as a source of a KeySet."""
        return self.public()

    async def check(self) -> None:
        """Checks for readiness that the folder is valid.

        Raises:
            SigningKeyError: it is not, even if former keys are in use.
        """
        self._refresh()
        if self._problem is not None:
            raise SigningKeyError(str(self._problem))

    def _schedule(self) -> list[ScheduledKey]:
        return schedule(self._keys, self._now(), self._tokens_live_s)

    def _refresh(self) -> None:
        """Reads the folder if it may have changed."""
        try:
            stamp, changed_at = self._folder.stamp()
            if stamp == self._stamp and time.monotonic() < self._read_again_at:
                return
            # The stamp is taken before the read: a change in between is found the next time.
            self._stamp = stamp
            keys = self._folder.read_nonempty()
        except SigningKeyError as exc:
            self._read_again_at = time.monotonic() + _RETRY_S
            self._report(exc)
            return
        self._keys = keys
        settled = time.time() - changed_at >= _MTIME_RESOLUTION_S
        self._read_again_at = time.monotonic() + (_REREAD_S if settled else 0)
        self._report(None)

    def _report(self, problem: SigningKeyError | None) -> None:
        self._reads.add(1, {"outcome": "ok" if problem is None else "failed"})
        if str(problem) != str(self._problem):
            if problem is None:
                logger.info("signing key folder valid again")
            elif self._keys:
                logger.bind(keys_in_use=len(self._keys), problem=str(problem)).error("signing key folder invalid")
        self._problem = problem
