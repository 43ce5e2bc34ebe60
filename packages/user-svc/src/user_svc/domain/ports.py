"""The ports of the domain: stores, password hashing, tokens and ids.

Every method may raise DependencyUnavailableError.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from user_svc.domain.audit import AuditEvent
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition
from user_svc.domain.login_attempt import AttemptDecision, LoginAttempt
from user_svc.domain.session import EndedSessionPage, HeldSession, ListedSession, NewSession, SessionUse
from user_svc.domain.session_key import SessionKey
from user_svc.domain.token import AccessToken, TokenContents
from user_svc.domain.user import Role, RoleChange, User, UserDeletion
from user_svc.domain.user_listing import UserFilters, UserPosition

#: Returns a new UUIDv7 in lower case; ids sort by the time of their creation.
NewId = Callable[[], str]


class UserRepository(Protocol):
    """Stores the accounts. A change and its audit event are one transaction."""

    async def add(self, user: User, event: AuditEvent) -> None:
        """Adds an account.

        Raises:
            EmailTakenError: an account has this email, compared without regard to case.
        """

    async def get(self, user_id: str) -> User | None:
        """Returns the account with this id."""

    async def get_of_session(self, user_id: str, session_id: str) -> User | None:
        """Returns the account with this id; None if there is none, or if this session is on record as ended."""

    async def get_by_email(self, email: str) -> User | None:
        """Returns the account with this email, compared without regard to case."""

    async def record_login(self, user: User, event: AuditEvent) -> bool:
        """Records a login. False: the account was deleted or its password changed since ``user`` was read."""

    async def change_password(self, user: User, password_hash: str, event: AuditEvent) -> User | None:
        """Sets the password hash. None: the account was deleted or its password changed since ``user`` was read."""

    async def rehash_password(self, user: User, password_hash: str) -> None:
        """Replaces the hash of the same password, unless the password has changed since ``user`` was read."""

    async def page(self, filters: UserFilters, behind: UserPosition | None, limit: int) -> Sequence[User]:
        """Returns at most ``limit`` accounts behind a position (None: from the newest), newest first.

        The order is that of (time of creation, id).
        """

    async def change_role(self, user_id: str, role: Role, event: AuditEvent) -> RoleChange:
        """Sets the role of an account and increments its password version.

        An account that has the role is left unchanged, and the event is not recorded. Else the event is recorded with
        the former and the new role in its detail (`from`, `to`). Concurrent changes are made one after the other.

        Raises:
            UserNotFoundError: there is no such account.
            LastAdminError: no other account is an administrator's.
            AccessDeniedError: the event's actor is not an administrator, or not any more.
        """

    async def remove(self, deletion: UserDeletion, event: AuditEvent) -> bool:
        """Deletes an account and publishes that to other services. False: there was no such account.

        Raises:
            LastAdminError: no other account is an administrator's.
        """


class Sessions(Protocol):
    """Stores the live sessions. Each renewal and each use is atomic.

    Ending a live session writes that to the record of ended sessions first, and publishes it at the moment when the
    session ends: verifiers refuse its tokens from then on, and a store that is tampered with or lost does not revive
    it.
    """

    async def open(self, session: NewSession) -> HeldSession:
        """Opens a session, with key 1, and ends the user's oldest ones beyond MAX_SESSIONS_OF_USER."""

    async def renew(self, key: SessionKey, use: SessionUse) -> HeldSession:
        """Trades a verified key for its successor. Only the counter comes from the store; the rest is the key's.

        The newest key makes a new one. Its predecessor returns the newest one again, within the grace or as long as the
        newest was not seen in use.

        Raises:
            SessionReusedError: the key is older than that; the session is ended.
            SessionInvalidError: the key's owner has no such session, or the key is past its lifetime.
        """

    async def touch(self, session_id: str, user_id: str, use: SessionUse) -> bool:
        """Records that a session is in use. False: the user has no such live session."""

    async def is_live(self, session_id: str, user_id: str) -> bool:
        """Returns whether the user has this live session. Changes nothing."""

    async def list_of_user(self, user_id: str) -> list[ListedSession]:
        """Returns the user's live sessions, most recently used first."""

    async def end(self, session_id: str, user_id: str) -> bool:
        """Ends a session of the user. False: there was no such live session, or a concurrent call has ended it."""

    async def end_all(self, user_id: str, *, but: str | None = None) -> list[str]:
        """Ends every session of a user, except the one with the id ``but``; returns the ids of those that it ended."""

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        """Ends the user's sessions that were opened under an earlier password version."""


class EndedSessions(Protocol):
    """The durable record of sessions that were ended before their time."""

    @property
    def tokens_live_s(self) -> float:
        """How long after the end of its session an access token may still be accepted, in seconds."""

    async def add(self, session_ids: Sequence[str]) -> None:
        """Records that these sessions have ended."""

    async def page(self, since: datetime | None) -> EndedSessionPage:
        """Returns sessions that were ended at ``since`` or later, and of which tokens may still be accepted."""


class PasswordHasher(Protocol):
    """Slow, salted password hashing. `hash` and `verify` may raise PasswordQueueFullError."""

    async def hash(self, password: str) -> str:
        """Returns the password's hash, with a fresh salt."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Returns whether the hash is the password's. None, for an unknown account, takes as long and is False."""

    def is_outdated(self, password_hash: str) -> bool:
        """Returns whether the hash was made with weaker parameters than the current ones."""


class LoginThrottle(Protocol):
    """Counts failed attempts. Each call is atomic, and may be repeated with the same attempt."""

    async def begin(self, attempt: LoginAttempt) -> AttemptDecision:
        """Decides whether the attempt may be made; if so, counts it as failed until it succeeds.

        Counting in advance keeps concurrent attempts from exceeding the limit. A refused attempt is not counted.
        """

    async def succeed(self, attempt: LoginAttempt) -> None:
        """Empties the account's bucket, removes the attempt from the network's, and makes the network familiar.

        The attempt need not have begun: setting a password proves it, too.
        """

    async def take_back(self, attempt: LoginAttempt) -> None:
        """Stops counting the attempt: it ended without showing whether the password was right."""


class TokenMinter(Protocol):
    """Signs access tokens."""

    def mint(self, user: User, session: HeldSession) -> AccessToken:
        """Returns an access token of the user in this session. It does not outlive the session."""


class TokenReader(Protocol):
    """Verifies access tokens."""

    async def read(self, token: str) -> TokenContents | None:
        """Returns the token's claims; None if it is malformed, forged or expired."""


class AuditTrail(Protocol):
    """Writes to the audit log what happens outside the repository of accounts."""

    def note(self, event: AuditEvent) -> None:
        """Has the event written soon. Never waits and never fails."""


class RenewalRecord(Protocol):
    """Limits how many renewals of one session are recorded, so that they do not fill the audit log."""

    async def is_due(self, session_id: str) -> bool:
        """Returns whether to record a renewal now; the session's next one is due RENEWAL_RECORD_INTERVAL_S later."""


class AuditLog(Protocol):
    """Reads the audit log."""

    async def page(self, filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Sequence[AuditEntry]:
        """Returns at most ``limit`` entries behind a position (None: from the newest), newest first.

        The order is that of (time, number). The AuditTrail writes an event moments after it happened, or minutes after
        while the store is unavailable, at the place of its time. So no page repeats or moves an entry, but a reader
        misses an entry that is written late to a page already read.
        """
