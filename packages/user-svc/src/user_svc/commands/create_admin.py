"""`user-svc create-admin`: the only way to a first administrator."""

import asyncio
import getpass
import os
import sys
from argparse import ArgumentParser, Namespace

import shared_contracts
from service_kit.cli import Subcommand
from service_kit.contract import Contract
from service_kit.postgres import PoolLimits, open_pool
from service_kit.validation import Validator

from user_svc.adapters.common_passwords import CommonPasswordList
from user_svc.adapters.ids import new_id
from user_svc.adapters.password_hasher import Argon2Hasher, HashingCost
from user_svc.adapters.users import PostgresUsers
from user_svc.domain.errors import DependencyUnavailableError, EmailTakenError, PasswordRefusedError
from user_svc.domain.password import PasswordPolicy
from user_svc.settings import Settings
from user_svc.use_cases.create_admin import CreateAdmin

PASSWORD_VARIABLE = "USER_SVC_ADMIN_PASSWORD"  # noqa: S105 - its name, not its value
_REGISTER = "/user.v1.UserService/Register"
_FAILED = 1
_WRONG_ARGUMENTS = 2


class _WrongInputError(Exception):
    """What was given on the command line cannot be used."""


def _configure(parser: ArgumentParser) -> None:
    parser.description = (
        "Creates an administrator. An existing user with this email is made one, and keeps name and password. "
        f"The password comes from {PASSWORD_VARIABLE}, else it is asked for, or read from standard input's first line."
    )
    parser.add_argument("--email", required=True, help="email address")
    parser.add_argument("--name", required=True, help="display name, 2 to 50 characters")


def _run(settings: Settings, arguments: Namespace) -> int:
    try:
        sys.stdout.write(asyncio.run(_create(settings, arguments.email, arguments.name)) + "\n")
    except _WrongInputError as exc:
        return _fail(exc, _WRONG_ARGUMENTS)
    except (PasswordRefusedError, EmailTakenError) as exc:
        return _fail(exc, _WRONG_ARGUMENTS)
    except DependencyUnavailableError as exc:
        cause = str(exc.__cause__).splitlines()
        return _fail(f"{exc}: {cause[0]}" if cause else exc, _FAILED)
    return 0


async def _create(settings: Settings, email: str, name: str) -> str:
    _check(email=email, name=name)
    cost = HashingCost(settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism)
    limits = PoolLimits(
        min_size=1,
        max_size=1,
        wait_s=settings.pool_wait_s,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    async with (
        open_pool(settings.database_url.reveal(), limits, application_name="user-svc create-admin") as pool,
        Argon2Hasher(cost, threads=1, queue=1) as hasher,
    ):
        policy = PasswordPolicy(settings.password_min_length, CommonPasswordList())
        create_admin = CreateAdmin(PostgresUsers(pool), hasher, policy, new_id)
        promoted = await create_admin.promote(email)
        if promoted is not None:
            return f"{promoted.email} exists and is an administrator now; name and password are unchanged"
        password = _password()
        _check(email=email, name=name, password=password)
        created = await create_admin.create(email, name, password)
        return f"created the administrator {created.email} ({created.user_id})"


def _check(**fields: str) -> None:
    """Holds the fields against the rules that the contract has for registering."""
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
    if getpass.getpass("once more: ") != password:
        raise _WrongInputError("the passwords differ")
    return password


def _fail(problem: object, code: int) -> int:
    sys.stderr.write(f"user-svc create-admin: {problem}\n")
    return code


CREATE_ADMIN = Subcommand(
    "create-admin", "create an administrator, or make one of a user", _run, _configure, (PASSWORD_VARIABLE,)
)
