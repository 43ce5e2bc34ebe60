"""Between the contract's messages and the domain."""

from collections.abc import Iterator
from contextlib import contextmanager

from service_kit.request.errors import CallError, Violation
from shared_contracts.headrace.session.v1 import JsonWebKey, SessionGrant
from shared_contracts.user.v1 import ExtractTokenResponse, ListUsersRequest, Role, Session, User

from user_svc.domain import user as domain
from user_svc.domain.errors import PasswordRefusedError, PeriodEmptyError
from user_svc.domain.session import ListedSession
from user_svc.domain.token import TokenContents
from user_svc.domain.user_listing import UserFilters
from user_svc.rpc.error_table import ERROR_TABLE
from user_svc.use_cases.grant import Grant

_ROLE_MESSAGES = {domain.Role.USER: Role.USER, domain.Role.ADMIN: Role.ADMIN}
_ROLES = {message: role for role, message in _ROLE_MESSAGES.items()}
_SELF = "me"


def user_id(text: str | None) -> str | None:
    """The user that a request names, in the canonical form of ids; None: the caller."""
    return None if text is None or text == _SELF else text.lower()


def role(message: Role) -> domain.Role:
    """The role that a request names."""
    return _ROLES[message]


def user_filters(message: ListUsersRequest) -> UserFilters:
    """Which accounts to list. CallError: none could be between `since` and `until`."""
    with period_in_request():
        return UserFilters(
            role=None if message.role is None else role(message.role),
            email=message.email,
            since=message.since,
            until=message.until,
        )


def user_message(user: domain.User) -> User:
    """A user, without what nobody needs to see."""
    return User(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        role=_ROLE_MESSAGES[user.role],
        created_at=user.created_at,
    )


def session_grant(grant: Grant) -> SessionGrant:
    """The session key for the client to keep."""
    return SessionGrant(session_key=grant.session_key, max_age_s=grant.key_max_age_s)


def session_message(session: ListedSession, current_id: str) -> Session:
    """A session of a list."""
    return Session(
        session_id=session.session_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        ip=session.address,
        user_agent=session.agent,
        current=session.session_id == current_id,
    )


def token_message(contents: TokenContents | None) -> ExtractTokenResponse:
    """What a token stands for; nothing but that it is not active for None."""
    if contents is None:
        return ExtractTokenResponse(active=False)
    return ExtractTokenResponse(
        active=True,
        user_id=contents.user_id,
        role=_ROLE_MESSAGES[contents.role],
        session_id=contents.session_id,
        issued_at=contents.issued_at,
        expires_at=contents.expires_at,
    )


def key_message(jwk: dict[str, str]) -> JsonWebKey:
    """A public key."""
    return JsonWebKey(kty=jwk["kty"], crv=jwk["crv"], x=jwk["x"], kid=jwk["kid"], alg=jwk["alg"], use=jwk["use"])


@contextmanager
def period_in_request() -> Iterator[None]:
    """Has an empty period answered as a violation of `until`."""
    try:
        yield
    except PeriodEmptyError as exc:
        status, reason = ERROR_TABLE[PeriodEmptyError]
        violation = Violation("until", "period.not_empty", "must be later than since")
        raise CallError(status, reason, str(exc), [violation]) from exc


@contextmanager
def new_password_in(field: str) -> Iterator[None]:
    """Has a refused password told as a violation of ``field``: the domain does not know what the contract calls it."""
    try:
        yield
    except PasswordRefusedError as exc:
        status, reason = ERROR_TABLE[PasswordRefusedError]
        raise CallError(status, reason, str(exc), [Violation(field, exc.rule, exc.message)]) from exc
