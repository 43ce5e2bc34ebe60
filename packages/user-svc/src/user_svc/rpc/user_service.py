"""user.v1.UserService on the use cases: messages in, use case, messages out."""

from dataclasses import dataclass

from shared_contracts.user.v1 import (
    ChangePasswordRequest,
    ChangePasswordResponse,
    DeleteUserRequest,
    DeleteUserResponse,
    ExtractTokenRequest,
    ExtractTokenResponse,
    GetUserRequest,
    GetUserResponse,
    ListSessionsRequest,
    ListSessionsResponse,
    ListUsersRequest,
    ListUsersResponse,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LogoutResponse,
    RegisterRequest,
    RegisterResponse,
    RevokeSessionRequest,
    RevokeSessionResponse,
    SetUserRoleRequest,
    SetUserRoleResponse,
    UserServiceBase,
)

from user_svc.rpc.caller import caller, checked_caller, origin, own_token, presented_session_key
from user_svc.rpc.page_tokens import decode_user_position, encode_user_position
from user_svc.rpc.translation import (
    canonical_id,
    role,
    session_grant,
    session_message,
    token_message,
    user_filters,
    user_id,
    user_message,
)
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.check_session import CheckSession
from user_svc.use_cases.delete_user import DeleteUser
from user_svc.use_cases.get_user import GetUser
from user_svc.use_cases.introspect_token import IntrospectToken
from user_svc.use_cases.list_sessions import ListSessions
from user_svc.use_cases.list_users import ListUsers
from user_svc.use_cases.log_in import LogIn
from user_svc.use_cases.log_out import LogOut
from user_svc.use_cases.register import Register
from user_svc.use_cases.revoke_session import RevokeSession
from user_svc.use_cases.set_user_role import SetUserRole

_BEARER = "Bearer"
_DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class UserService(UserServiceBase):
    """The contract's service. Its requests have been validated; error_table maps what it raises.

    Each call that needs a principal, except Logout, first checks its session, so that the end of a session takes effect
    on the next call.
    """

    check_session: CheckSession
    create_account: Register
    log_in: LogIn
    introspect_token: IntrospectToken
    get: GetUser
    delete: DeleteUser
    list: ListUsers
    set_role: SetUserRole
    change_own_password: ChangePassword
    log_out: LogOut
    list_own_sessions: ListSessions
    revoke_own_session: RevokeSession

    async def register(self, message: RegisterRequest) -> RegisterResponse:
        credentials = await self.create_account(
            message.email, message.name, message.password, origin(), presented_session_key()
        )
        return RegisterResponse(
            user=user_message(credentials.user),
            access_token=credentials.token.text,
            token_type=_BEARER,
            expires_in=credentials.token.expires_in_s,
            session=session_grant(credentials),
        )

    async def login(self, message: LoginRequest) -> LoginResponse:
        credentials = await self.log_in(message.email, message.password, origin(), presented_session_key())
        return LoginResponse(
            user=user_message(credentials.user),
            access_token=credentials.token.text,
            token_type=_BEARER,
            expires_in=credentials.token.expires_in_s,
            session=session_grant(credentials),
        )

    async def extract_token(self, message: ExtractTokenRequest) -> ExtractTokenResponse:
        actor = await checked_caller(self.check_session)
        token = own_token() if message.token is None else message.token
        return token_message(await self.introspect_token(actor, token))

    async def get_user(self, message: GetUserRequest) -> GetUserResponse:
        actor = await checked_caller(self.check_session)
        return GetUserResponse(user=user_message(await self.get(actor, user_id(message.user_id))))

    async def delete_user(self, message: DeleteUserRequest) -> DeleteUserResponse:
        actor = await checked_caller(self.check_session)
        await self.delete(actor, user_id(message.user_id), origin())
        return DeleteUserResponse()

    async def list_users(self, message: ListUsersRequest) -> ListUsersResponse:
        actor = await checked_caller(self.check_session)
        filters = user_filters(message)
        behind = decode_user_position(message.page_token, filters) if message.page_token else None
        page = await self.list(actor, filters, behind, message.page_size or _DEFAULT_PAGE_SIZE)
        return ListUsersResponse(
            users=[user_message(user) for user in page.users],
            next_page_token=encode_user_position(page.next, filters) if page.next else "",
        )

    async def set_user_role(self, message: SetUserRoleRequest) -> SetUserRoleResponse:
        actor = await checked_caller(self.check_session)
        user = await self.set_role(actor, canonical_id(message.user_id), role(message.role), origin())
        return SetUserRoleResponse(user=user_message(user))

    async def change_password(self, message: ChangePasswordRequest) -> ChangePasswordResponse:
        actor = await checked_caller(self.check_session)
        credentials = await self.change_own_password(actor, message.current_password, message.new_password, origin())
        return ChangePasswordResponse(
            access_token=credentials.token.text,
            expires_in=credentials.token.expires_in_s,
            session=session_grant(credentials),
        )

    async def logout(self, message: LogoutRequest) -> LogoutResponse:
        # Without a check of the session: a logout that is retried, or comes late, succeeds.
        await self.log_out(caller(), origin())
        return LogoutResponse()

    async def list_sessions(self, message: ListSessionsRequest) -> ListSessionsResponse:
        # The list shows where each session was used before this call.
        actor = await checked_caller(self.check_session, record_origin=False)
        sessions = await self.list_own_sessions(actor)
        return ListSessionsResponse(sessions=[session_message(session, actor.session_id) for session in sessions])

    async def revoke_session(self, message: RevokeSessionRequest) -> RevokeSessionResponse:
        actor = await checked_caller(self.check_session)
        await self.revoke_own_session(actor, message.session_id, origin())
        return RevokeSessionResponse()
