"""What the domain needs of the world. Every method may raise DependencyUnavailableError."""

from collections.abc import Sequence
from typing import Protocol

from user_svc.domain.audit import AuditEvent
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition
from user_svc.domain.login_attempt import AttemptDecision, LoginAttempt
from user_svc.domain.session import HeldSession, ListedSession, NewSession, SessionUse
from user_svc.domain.session_key import SessionKey
from user_svc.domain.token import AccessToken, TokenContents
from user_svc.domain.user import Role, RoleChange, User
from user_svc.domain.user_deleted import UserDeleted
from user_svc.domain.user_listing import UserFilters, UserPosition


class Users(Protocol):
    """The accounts. A change and its audit event are kept together or not at all."""

    async def add(self, user: User, event: AuditEvent) -> None:
        """Keeps a new account. EmailTakenError: the email, in whatever case, has one."""

    async def with_id(self, user_id: str) -> User | None:
        """The account with this id."""

    async def of_session(self, user_id: str, session_id: str) -> User | None:
        """The account with this id; None: there is none, or this session is on record as ended."""

    async def with_email(self, email: str) -> User | None:
        """The account with this email, in whatever case."""

    async def record_login(self, user: User, event: AuditEvent) -> bool:
        """Records a login; False: the account was deleted or got another password since ``user`` was read."""

    async def change_password(self, user: User, password_hash: str, event: AuditEvent) -> User | None:
        """Gives the account another password; None: it was deleted, or got yet another since ``user`` was read."""

    async def rehash_password(self, user: User, password_hash: str) -> None:
        """Replaces the hash of the same password, unless the password has changed meanwhile."""

    async def page(self, filters: UserFilters, behind: UserPosition | None, limit: int) -> Sequence[User]:
        """At most ``limit`` accounts behind a position (from the newest on for None), newest first.

        The order is that of (time of creation, id).
        """

    async def change_role(self, user_id: str, role: Role, event: AuditEvent) -> RoleChange:
        """Gives the account a role and its next password version.

        An account that has the role stays as it is, and the event is not kept. Else the event is kept with the roles
        before and after in its detail (`from`, `to`). Of changes at the same time, each sees what the others left.

        Raises:
            UserNotFoundError: there is no such account.
            LastAdminError: no other account is an administrator's.
            AccessDeniedError: the event's actor is not an administrator, perhaps not any more.
        """

    async def remove(self, deleted: UserDeleted, event: AuditEvent) -> bool:
        """Deletes an account, of which every service that keeps something of users learns; False: there was none.

        LastAdminError: no other account is an administrator's.
        """


class Sessions(Protocol):
    """The live sessions. Each renewal and each use is atomic.

    A call that ends a live session puts that on record first, and publishes it in the moment in which the session
    ends: its tokens are refused from then on, and a store that is tampered with or lost does not revive it.
    """

    async def open(self, session: NewSession) -> HeldSession:
        """Opens a session, with key 1. At most MAX_SESSIONS_OF_USER of a user live; the oldest ones make room."""

    async def renew(self, key: SessionKey, use: SessionUse) -> HeldSession:
        """Trades a verified key for its successor. Only the counter comes from the store; all else is the key's.

        The newest key makes a new one. Its predecessor gets the newest again, within the grace or as long as the newest
        was never seen in use. SessionReusedError: anything older; the session is gone now.
        SessionInvalidError: no such session of the key's owner, or the key is past its life.
        """

    async def touch(self, session_id: str, user_id: str, use: SessionUse) -> bool:
        """Notes that a session is in use; False: the user has no such live session."""

    async def lives(self, session_id: str, user_id: str) -> bool:
        """Whether the user has this live session. Changes nothing."""

    async def of_user(self, user_id: str) -> list[ListedSession]:
        """The user's live sessions, most recently used first."""

    async def end(self, session_id: str, user_id: str) -> bool:
        """Ends a session of the user; False: there was no such live session, or another call has just ended it."""

    async def end_all(self, user_id: str, *, but: str | None = None) -> list[str]:
        """Ends every session of a user, but one if it is named; the ids of those that it ended."""

    async def end_outdated(self, user_id: str, password_version: int) -> None:
        """Ends the user's sessions that were opened under an earlier password version."""


class PasswordHasher(Protocol):
    """Slow, salted password hashing. Every method may raise PasswordQueueFullError."""

    async def hash(self, password: str) -> str:
        """The password's hash, with a salt of its own."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is the password's. None is nobody's hash: it takes as long, and never is."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than those that hold now."""


class LoginThrottle(Protocol):
    """Counts failed attempts. Each call is atomic, and may be made again with the same attempt."""

    async def begin(self, attempt: LoginAttempt) -> AttemptDecision:
        """Whether the attempt may be made. If so, it counts as failed from now on, so that none slips by beside it.

        One that may not be made is not counted.
        """

    async def succeed(self, attempt: LoginAttempt) -> None:
        """Empties the account's bucket and takes the attempt out of the network's. Both are familiar from now on.

        The attempt need not have begun: a password that was just set is proved.
        """

    async def take_back(self, attempt: LoginAttempt) -> None:
        """Counts the attempt no more: nobody knows whether it would have failed."""


class TokenMinter(Protocol):
    """Signs access tokens."""

    def mint(self, user: User, session: HeldSession) -> AccessToken:
        """An access token of the user in this session, which does not outlive the session."""


class TokenReader(Protocol):
    """Verifies access tokens."""

    async def read(self, token: str) -> TokenContents | None:
        """What the token says; None: it is malformed, forged or expired."""


class AuditTrail(Protocol):
    """The audit log, for what happens outside the store of the accounts."""

    def note(self, event: AuditEvent) -> None:
        """Has the event written soon. Never waits and never fails."""


class RenewalRecord(Protocol):
    """Which sessions' renewals are on record, so that a session that is renewed all the time does not fill the log."""

    async def is_due(self, session_id: str) -> bool:
        """Whether a renewal is to be recorded now; if so, the session's next one is due RECORDED_EVERY_S later."""


class AuditLog(Protocol):
    """The audit log, to be read."""

    async def page(self, filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Sequence[AuditEntry]:
        """At most ``limit`` entries behind a position (from the newest on for None), newest first.

        The order is that of (time, number). What an AuditTrail noted is written later than it happened, by moments or,
        while the store is away, by minutes, and then stands where its time belongs. So no page repeats or moves
        an entry, but one that is written behind the reader's position late is missed by pages already read.
        """
