"""`user-svc create-admin`: creates the first administrator."""

import asyncio
import getpass
import os
import sys
from argparse import ArgumentParser, Namespace

import shared_contracts
from service_kit.cli import Subcommand
from service_kit.contract import Contract
from service_kit.validation import Validator

from user_svc.adapters.common_passwords import common_passwords
from user_svc.adapters.ids import new_id
from user_svc.adapters.password_hasher import Argon2Hasher, HashingCost
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.commands.database import open_database
from user_svc.commands.output import WRONG_ARGUMENTS, fail, fail_without_store, say
from user_svc.domain.errors import DependencyUnavailableError, EmailTakenError, PasswordRefusedError
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import UserRepository
from user_svc.domain.user import User
from user_svc.settings import Settings
from user_svc.use_cases.create_admin import CreateAdmin

PASSWORD_VARIABLE = "USER_SVC_ADMIN_PASSWORD"  # noqa: S105 - its name, not its value
_REGISTER = "/user.v1.UserService/Register"
_COMMAND = "create-admin"


class _WrongInputError(Exception):
    """The input of the command is invalid."""


def _configure(parser: ArgumentParser) -> None:
    parser.description = (
        "Creates an administrator's account. An email that has an account already is refused: see `promote`. "
        f"The password is read from {PASSWORD_VARIABLE}, or the terminal, or the first line of standard input."
    )
    parser.add_argument("--email", required=True, help="email address")
    parser.add_argument("--name", required=True, help="display name, 2 to 50 characters")


def _run(settings: Settings, arguments: Namespace) -> int:
    try:
        created = asyncio.run(_create(settings, arguments.email, arguments.name))
    except (_WrongInputError, PasswordRefusedError) as exc:
        return fail(_COMMAND, exc, WRONG_ARGUMENTS)
    except DependencyUnavailableError as exc:
        return fail_without_store(_COMMAND, exc)
    say(f"created the administrator {created.email} ({created.user_id})")
    return 0


async def _create(settings: Settings, email: str, name: str) -> User:
    _check(email=email, name=name)
    cost = HashingCost(settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism)
    async with open_database(settings, _COMMAND) as pool, Argon2Hasher(cost, threads=1, queue=1) as hasher:
        users = PostgresUserRepository(pool)
        # Checked before the password is read, and again by the database when the account is added.
        await _refuse_existing(users, email)
        password = _password()
        _check(email=email, name=name, password=password)
        policy = PasswordPolicy(settings.password_min_length, common_passwords())
        try:
            return await CreateAdmin(users, hasher, policy, new_id)(email, name, password)
        except EmailTakenError:
            await _refuse_existing(users, email)
            raise


async def _refuse_existing(users: UserRepository, email: str) -> None:
    existing = await users.get_by_email(email)
    if existing is None:
        return
    raise _WrongInputError(
        f"{existing.email} has an account already (id {existing.user_id}, role {existing.role}, created at "
        f"{existing.created_at:%Y-%m-%dT%H:%M:%SZ}). Nothing was changed, and no password was used. Registering proves "
        "nothing about who owns an address. If you know that the account is the future administrator's, run "
        f"`user-svc promote {existing.user_id}`; if not, use another address here, and delete that account."
    )


def _check(**fields: str) -> None:
    """Validates the fields by the contract's rules for registering."""
    contract = Contract.load(shared_contracts.descriptor_set())
    request = contract.methods[_REGISTER].request_class()
    try:
        for name, text in fields.items():
            setattr(request, name, text)
    except ValueError as exc:
        raise _WrongInputError(f"the {name} is not UTF-8") from exc
    violations = [v for v in Validator(contract).violations(request) if v.field in fields]
    if violations:
        raise _WrongInputError("; ".join(f"the {v.field} {v.message}" for v in violations))


def _password() -> str:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password:
        return password
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise _WrongInputError(f"no password: set {PASSWORD_VARIABLE}, or write it to standard input")
        return password
    password = getpass.getpass("password: ")
    if getpass.getpass("password again: ") != password:
        raise _WrongInputError("the passwords differ")
    return password


CREATE_ADMIN = Subcommand(_COMMAND, "create an administrator's account", _run, _configure, (PASSWORD_VARIABLE,))
