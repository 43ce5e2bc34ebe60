"""The user service's real use cases and handlers over real sessions; accounts and hashing are fakes."""

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from service_kit.tokens.verifier import TokenVerifier
from user_svc.adapters.ids import new_id
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.signing.signing_keys import SigningKeys
from user_svc.adapters.tokens import JwtMinter, JwtReader
from user_svc.domain.login_attempt import LoginThrottlePolicy
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.session import SessionPolicy
from user_svc.domain.session_key import SessionKeySeal
from user_svc.rpc.session_service import SessionService
from user_svc.rpc.user_service import UserService
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.check_session import CheckSession
from user_svc.use_cases.credentials import CredentialIssuer
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

from tests.fakes.login_throttle import InMemoryLoginThrottle
from tests.fakes.renewal_record import EveryRenewal
from tests.fakes.sessions import InMemoryEndedSessions
from tests.fakes.users import InMemoryUserRepository, ReadablePasswords, RecordedTrail
from tests.integration.sessions.clock import MinterOnMovedClock, MovedClock, SealOnMovedClock

SEAL = SessionKeySeal(b"a secret of at least thirty-two bytes")


@dataclass
class UserParts:
    """What the service works with. trail: what was audited besides the changes of accounts."""

    clock: MovedClock
    redis: Redis
    signing: SigningKeys
    policy: SessionPolicy
    token_ttl_s: int
    verifier: TokenVerifier
    trail: RecordedTrail = field(default_factory=RecordedTrail)


def user_services(parts: UserParts) -> list[Any]:
    """The services to serve over gRPC."""
    tokens = JwtReader(parts.verifier)
    users, hasher, trail = InMemoryUserRepository(), ReadablePasswords(), parts.trail
    password_policy = PasswordPolicy(15, {})
    ended = InMemoryEndedSessions()
    sessions = RedisSessions(parts.redis, ended, parts.policy, parts.token_ttl_s)
    minter = JwtMinter(parts.signing, issuer="headrace", audience="headrace", ttl_s=parts.token_ttl_s, now=parts.clock)
    seal = SealOnMovedClock(SEAL, parts.clock)
    issuer = CredentialIssuer(seal, MinterOnMovedClock(minter, parts.clock))
    opener = SessionOpener(sessions, seal, trail)
    attempts = PasswordAttempts(InMemoryLoginThrottle(LoginThrottlePolicy(1000, 1000, 60.0)), trail)
    user_service = UserService(
        check_session=CheckSession(sessions),
        create_account=Register(users, hasher, password_policy, attempts, opener, issuer, new_id),
        log_in=LogIn(users, hasher, attempts, opener, issuer, trail),
        introspect_token=IntrospectToken(tokens, sessions),
        get=GetUser(users),
        delete=DeleteUser(users, sessions, new_id),
        list=ListUsers(users),
        set_role=SetUserRole(users, sessions),
        change_own_password=ChangePassword(users, sessions, hasher, password_policy, attempts, opener, issuer, trail),
        log_out=LogOut(sessions, trail),
        list_own_sessions=ListSessions(sessions),
        revoke_own_session=RevokeSession(sessions, trail),
    )
    renew = RenewSession(users, sessions, seal, issuer, trail, EveryRenewal())
    report = ReportUse(sessions, tokens)
    return [user_service, SessionService(renew, report, ended, parts.signing.public)]
