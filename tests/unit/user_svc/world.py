"""The user service on stores in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from user_svc.adapters.ids import new_id
from user_svc.domain.actor import Actor
from user_svc.domain.login_attempt import LoginThrottlePolicy
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.session import HeldSession, SessionPolicy
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.domain.token import AccessToken, TokenContents
from user_svc.domain.user import Role, User
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.check_session import CheckSession
from user_svc.use_cases.create_admin import CreateAdmin
from user_svc.use_cases.credentials import CredentialIssuer, Credentials
from user_svc.use_cases.delete_user import DeleteUser
from user_svc.use_cases.get_user import GetUser
from user_svc.use_cases.introspect_token import IntrospectToken
from user_svc.use_cases.list_sessions import ListSessions
from user_svc.use_cases.list_users import ListUsers
from user_svc.use_cases.log_in import LogIn
from user_svc.use_cases.log_out import LogOut
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.register import Register
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse
from user_svc.use_cases.revoke_session import RevokeSession
from user_svc.use_cases.session_opener import SessionOpener
from user_svc.use_cases.set_user_role import SetUserRole

from tests.examples.users import ORIGIN, PASSWORD
from tests.fakes.login_throttle import InMemoryLoginThrottle
from tests.fakes.renewal_record import InMemoryRenewalRecord
from tests.fakes.sessions import InMemorySessions
from tests.fakes.users import InMemoryUserRepository, ReadablePasswords, RecordedTrail

SESSION_POLICY = SessionPolicy(idle_ttl_s=100, absolute_ttl_s=1000, grace_s=10)
LOGIN_THROTTLE_POLICY = LoginThrottlePolicy(free_per_account=3, free_per_address=8, longest_delay_s=60)


class ReadableTokens:
    """Mints and reads tokens in plain text."""

    def __init__(self) -> None:
        self._minted: dict[str, TokenContents] = {}

    def mint(self, user: User, session: HeldSession) -> AccessToken:
        counter = session.key.counter
        text = f"{user.user_id} {user.role} {session.session_id} {counter}"
        issued_at = datetime(2027, 1, 1, tzinfo=UTC)
        contents = TokenContents(user.user_id, user.role, session.session_id, counter, issued_at, session.ends_at)
        self._minted[text] = contents
        return AccessToken(text, 900)

    async def read(self, token: str) -> TokenContents | None:
        return self._minted.get(token)


@dataclass
class World:
    """Every use case, on fakes."""

    users: InMemoryUserRepository = field(default_factory=InMemoryUserRepository)
    sessions: InMemorySessions = field(default_factory=lambda: InMemorySessions(SESSION_POLICY))
    hasher: ReadablePasswords = field(default_factory=ReadablePasswords)
    throttle: InMemoryLoginThrottle = field(default_factory=lambda: InMemoryLoginThrottle(LOGIN_THROTTLE_POLICY))
    trail: RecordedTrail = field(default_factory=RecordedTrail)
    tokens: ReadableTokens = field(default_factory=ReadableTokens)
    seal: SessionKeySeal = field(default_factory=lambda: SessionKeySeal(b"s" * 32))
    policy: PasswordPolicy = field(default_factory=lambda: PasswordPolicy(15, {"password": 1}))

    def __post_init__(self) -> None:
        issuer = CredentialIssuer(self.seal, self.tokens)
        opener = SessionOpener(self.sessions, self.seal, self.trail)
        attempts = PasswordAttempts(self.throttle, self.trail)
        self.register = Register(self.users, self.hasher, self.policy, attempts, opener, issuer, new_id)
        self.log_in = LogIn(self.users, self.hasher, attempts, opener, issuer, self.trail)
        self.record = InMemoryRenewalRecord(lambda: self.sessions.now)
        self.renew = RenewSession(self.users, self.sessions, self.seal, issuer, self.trail, self.record)
        self.check_session = CheckSession(self.sessions)
        self.report_use = ReportUse(self.sessions, self.tokens)
        self.introspect = IntrospectToken(self.tokens, self.sessions)
        self.get = GetUser(self.users)
        self.delete = DeleteUser(self.users, self.sessions, new_id)
        self.change_password = ChangePassword(
            self.users, self.sessions, self.hasher, self.policy, attempts, opener, issuer, self.trail
        )
        self.log_out = LogOut(self.sessions, self.trail)
        self.list_sessions = ListSessions(self.sessions)
        self.revoke = RevokeSession(self.sessions, self.trail)
        self.create_admin = CreateAdmin(self.users, self.hasher, self.policy, new_id)
        self.list_users = ListUsers(self.users)
        self.set_role = SetUserRole(self.users, self.sessions)

    async def registered(self, email: str = "Ada@example.com") -> Credentials:
        """Registers an account; returns its credentials."""
        return await self.register(email, "Ada", PASSWORD, ORIGIN, None)

    async def logged_in(self, credentials: Credentials) -> Credentials:
        """Logs that user in again."""
        return await self.log_in(credentials.user.email, PASSWORD, ORIGIN, None)

    def key_of(self, credentials: Credentials) -> SessionKey:
        """Returns the facts of the session key."""
        return self.seal.open(credentials.session_key)

    def actor_of(self, credentials: Credentials) -> Actor:
        """Returns the user with these credentials."""
        return Actor(credentials.user.user_id, self.key_of(credentials).session_id, credentials.user.role is Role.ADMIN)

    async def is_live(self, credentials: Credentials) -> bool:
        """Returns whether the session of the credentials is live."""
        return await self.sessions.is_live(self.key_of(credentials).session_id, credentials.user.user_id)
