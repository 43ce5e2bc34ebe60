"""What logging in and changing a password share: after too many failures, further attempts are delayed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, InvalidCredentialsError, LoginThrottledError
from user_svc.domain.login_attempt import LoginAttempt
from user_svc.domain.ports import AuditTrail, LoginThrottle

#: How long an attempt waits for earlier ones to be decided (seconds). A login has a deadline of 5 s.
_MAX_WAIT_S = 3.0


@dataclass(frozen=True, slots=True)
class PasswordAttempts:
    """Admits attempts to prove a password, and counts those that fail.

    An attempt counts as failed until it has succeeded, so that concurrent guesses do not exceed the limit. If an
    attempt is refused while others of the same account are in progress in this process, it waits until they are decided
    and tries again: concurrent attempts with the right password are not failures.
    """

    throttle: LoginThrottle
    trail: AuditTrail
    _in_progress: dict[str, set[asyncio.Event]] = field(default_factory=dict, init=False)

    @asynccontextmanager
    async def attempt(self, email: str, origin: Origin, subject: str | None = None) -> AsyncIterator[None]:
        """Surrounds a block that proves a password, or raises InvalidCredentialsError.

        A block that raises another error or is cancelled does not count: it has not shown that the password is wrong.

        Args:
            email: of the account, which need not exist.
            origin: where the request came from.
            subject: the account's user id, where it is known; for the audit log.

        Raises:
            LoginThrottledError: before the block, whether or not the password is right: too many attempts have failed.
        """
        attempt = LoginAttempt.of(email, origin.address)
        decided: asyncio.Event | None = None
        try:
            decided = await self._begin(attempt, origin, subject)
            yield
            await self.throttle.succeed(attempt)
        except (InvalidCredentialsError, LoginThrottledError):
            raise
        except BaseException:
            with suppress(DependencyUnavailableError):
                await self.throttle.take_back(attempt)
            raise
        finally:
            if decided is not None:
                self._leave(attempt, decided)

    async def record_proof(self, email: str, origin: Origin) -> None:
        """Makes the network familiar from which the account's password was just set. A failure is ignored."""
        with suppress(DependencyUnavailableError):
            await self.throttle.succeed(LoginAttempt.of(email, origin.address))

    async def _begin(self, attempt: LoginAttempt, origin: Origin, subject: str | None) -> asyncio.Event:
        """Begins the attempt. Returns an event for `_leave` to set once the attempt is decided.

        Raises:
            LoginThrottledError: the attempt is refused.
        """
        is_first, due = False, asyncio.get_running_loop().time() + _MAX_WAIT_S
        while True:
            decided = self._enter(attempt)
            try:
                decision = await self.throttle.begin(attempt)
            except BaseException:
                self._leave(attempt, decided)
                raise
            if decision.refused_by is None:
                return decided
            self._leave(attempt, decided)
            is_first = is_first or decision.is_first
            if not await self._others_decided(attempt, due):
                break
        if is_first:  # one entry per delay, so that refusals add no more entries than the failures, which are delayed
            detail = {"cause": "throttled", "bucket": decision.refused_by.value}
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, None, subject, origin, detail))
        raise LoginThrottledError(decision.retry_after_s)

    async def _others_decided(self, attempt: LoginAttempt, due: float) -> bool:
        """Waits for the account's other attempts in this process. False: there were none, or it took too long."""
        others = tuple(self._in_progress.get(attempt.account, ()))
        try:
            async with asyncio.timeout_at(due):
                for other in others:
                    await other.wait()
        except TimeoutError:
            return False
        return bool(others)

    def _enter(self, attempt: LoginAttempt) -> asyncio.Event:
        decided = asyncio.Event()
        self._in_progress.setdefault(attempt.account, set()).add(decided)
        return decided

    def _leave(self, attempt: LoginAttempt, decided: asyncio.Event) -> None:
        decided.set()
        in_progress = self._in_progress[attempt.account]
        in_progress.discard(decided)
        if not in_progress:
            del self._in_progress[attempt.account]
