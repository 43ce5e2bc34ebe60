"""The user service's real use cases and handlers over real sessions; accounts and hashing are fakes."""

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from service_kit.tokens.verifier import TokenVerifier
from user_svc.adapters.ids import new_id
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.signing_keys import SigningKeys
from user_svc.adapters.token_minter import JwtMinter
from user_svc.adapters.token_reader import JwtReader
from user_svc.domain.login_attempt import ThrottleTerms
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.session import SessionTerms
from user_svc.domain.session_key import SessionKeySeal
from user_svc.rpc.session_service import SessionService
from user_svc.rpc.user_service import UserService
from user_svc.use_cases.attend_session import AttendSession
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.delete_user import DeleteUser
from user_svc.use_cases.extract_token import ExtractToken
from user_svc.use_cases.get_user import GetUser
from user_svc.use_cases.grant import Grants
from user_svc.use_cases.list_sessions import ListSessions
from user_svc.use_cases.list_users import ListUsers
from user_svc.use_cases.log_in import LogIn
from user_svc.use_cases.log_out import LogOut
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.register import Register
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse
from user_svc.use_cases.revoke_session import RevokeSession
from user_svc.use_cases.session_opening import SessionOpening
from user_svc.use_cases.set_user_role import SetUserRole

from tests.fakes.login_throttle import InMemoryLoginThrottle
from tests.fakes.renewal_record import EveryRenewal
from tests.fakes.sessions import InMemorySessionEnds
from tests.fakes.users import InMemoryUsers, ReadablePasswords, RecordedTrail
from tests.integration.sessions.clock import MinterOnMovedClock, MovedClock, SealOnMovedClock

SEAL = SessionKeySeal(b"a secret of at least thirty-two bytes")


@dataclass
class UserParts:
    """What the service works with. trail: what was audited besides the changes of accounts."""

    clock: MovedClock
    redis: Redis
    signing: SigningKeys
    terms: SessionTerms
    token_ttl_s: int
    verifier: TokenVerifier
    trail: RecordedTrail = field(default_factory=RecordedTrail)


def user_services(parts: UserParts) -> list[Any]:
    """The services to serve over gRPC."""
    tokens = JwtReader(parts.verifier)
    users, hasher, trail = InMemoryUsers(), ReadablePasswords(), parts.trail
    policy = PasswordPolicy(15, {})
    ends = InMemorySessionEnds()
    sessions = RedisSessions(parts.redis, ends, parts.terms, parts.token_ttl_s)
    minter = JwtMinter(parts.signing, issuer="headrace", audience="headrace", ttl_s=parts.token_ttl_s, now=parts.clock)
    seal = SealOnMovedClock(SEAL, parts.clock)
    grants = Grants(seal, MinterOnMovedClock(minter, parts.clock))
    opening = SessionOpening(sessions, seal, trail)
    attempts = PasswordAttempts(InMemoryLoginThrottle(ThrottleTerms(1000, 1000, 60.0)), trail)
    user_service = UserService(
        attend=AttendSession(sessions),
        registering=Register(users, hasher, policy, attempts, opening, grants, new_id),
        logging_in=LogIn(users, hasher, attempts, opening, grants, trail),
        extracting=ExtractToken(tokens, sessions),
        getting=GetUser(users),
        deleting=DeleteUser(users, sessions, new_id),
        listing=ListUsers(users),
        setting_role=SetUserRole(users, sessions),
        changing_password=ChangePassword(users, sessions, hasher, policy, attempts, opening, grants, trail),
        logging_out=LogOut(sessions, trail),
        listing_sessions=ListSessions(sessions),
        revoking_session=RevokeSession(sessions, trail),
    )
    renew = RenewSession(users, sessions, seal, grants, trail, EveryRenewal())
    reporting = ReportUse(sessions, tokens)
    return [user_service, SessionService(renew, reporting, ends, parts.signing.public)]
