"""user.v1.UserService over the use cases: messages in, use case, messages out."""

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

from user_svc.rpc import caller, user_page_tokens
from user_svc.rpc.translation import (
    new_password_in,
    role,
    session_grant,
    session_message,
    token_message,
    user_filters,
    user_id,
    user_message,
)
from user_svc.use_cases.attend_session import AttendSession
from user_svc.use_cases.change_password import ChangePassword
from user_svc.use_cases.delete_user import DeleteUser
from user_svc.use_cases.extract_token import ExtractToken
from user_svc.use_cases.get_user import GetUser
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
    """The contract's service. What it is handed has been validated; what it raises, the error table maps.

    Each call that needs a principal attends its session first, so that an ended one ends every call at once.
    """

    attend: AttendSession
    registering: Register
    logging_in: LogIn
    extracting: ExtractToken
    getting: GetUser
    deleting: DeleteUser
    listing: ListUsers
    setting_role: SetUserRole
    changing_password: ChangePassword
    logging_out: LogOut
    listing_sessions: ListSessions
    revoking_session: RevokeSession

    async def register(self, message: RegisterRequest) -> RegisterResponse:
        presented = caller.presented_session_key()
        with new_password_in("password"):
            grant = await self.registering(message.email, message.name, message.password, caller.origin(), presented)
        return RegisterResponse(
            user=user_message(grant.user),
            access_token=grant.token.text,
            token_type=_BEARER,
            expires_in=grant.token.expires_in_s,
            session=session_grant(grant),
        )

    async def login(self, message: LoginRequest) -> LoginResponse:
        presented = caller.presented_session_key()
        grant = await self.logging_in(message.email, message.password, caller.origin(), presented)
        return LoginResponse(
            user=user_message(grant.user),
            access_token=grant.token.text,
            token_type=_BEARER,
            expires_in=grant.token.expires_in_s,
            session=session_grant(grant),
        )

    async def extract_token(self, message: ExtractTokenRequest) -> ExtractTokenResponse:
        actor = await caller.caller(self.attend)
        token = caller.own_token() if message.token is None else message.token
        return token_message(await self.extracting(actor, token))

    async def get_user(self, message: GetUserRequest) -> GetUserResponse:
        actor = await caller.caller(self.attend)
        return GetUserResponse(user=user_message(await self.getting(actor, user_id(message.user_id))))

    async def delete_user(self, message: DeleteUserRequest) -> DeleteUserResponse:
        actor = await caller.caller(self.attend)
        await self.deleting(actor, user_id(message.user_id), caller.origin())
        return DeleteUserResponse()

    async def list_users(self, message: ListUsersRequest) -> ListUsersResponse:
        actor = await caller.caller(self.attend)
        filters = user_filters(message)
        behind = user_page_tokens.decode(message.page_token, filters) if message.page_token else None
        page = await self.listing(actor, filters, behind, message.page_size or _DEFAULT_PAGE_SIZE)
        return ListUsersResponse(
            users=[user_message(user) for user in page.users],
            next_page_token=user_page_tokens.encode(page.next, filters) if page.next else "",
        )

    async def set_user_role(self, message: SetUserRoleRequest) -> SetUserRoleResponse:
        actor = await caller.caller(self.attend)
        user = await self.setting_role(actor, message.user_id.lower(), role(message.role), caller.origin())
        return SetUserRoleResponse(user=user_message(user))

    async def change_password(self, message: ChangePasswordRequest) -> ChangePasswordResponse:
        actor = await caller.caller(self.attend)
        with new_password_in("new_password"):
            grant = await self.changing_password(actor, message.current_password, message.new_password, caller.origin())
        return ChangePasswordResponse(
            access_token=grant.token.text, expires_in=grant.token.expires_in_s, session=session_grant(grant)
        )

    async def logout(self, message: LogoutRequest) -> LogoutResponse:
        # Whatever has become of the session: a logout that is sent again, or comes late, has what it wants.
        await self.logging_out(caller.token_holder(), caller.origin())
        return LogoutResponse()

    async def list_sessions(self, message: ListSessionsRequest) -> ListSessionsResponse:
        # Who lists sessions wants to see where they were used before.
        actor = await caller.caller(self.attend, shown=False)
        sessions = await self.listing_sessions(actor)
        return ListSessionsResponse(sessions=[session_message(session, actor.session_id) for session in sessions])

    async def revoke_session(self, message: RevokeSessionRequest) -> RevokeSessionResponse:
        actor = await caller.caller(self.attend)
        await self.revoking_session(actor, message.session_id, caller.origin())
        return RevokeSessionResponse()
