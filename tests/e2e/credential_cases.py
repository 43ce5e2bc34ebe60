"""Refused requests, in groups whose responses must be identical."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.e2e.accounts import Account, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID
from tests.examples.forgeries import FORGERIES, Signer


@dataclass(frozen=True, slots=True)
class World:
    """What the cases need: a user, another user with an order, and the issuer's key."""

    api: Api
    signer: Signer
    me: Account
    other: Account
    order_id: str
    ended: Account


Ask = Callable[[World], httpx2.Response]


def _with_authorization(value: str) -> Ask:
    return lambda world: world.api.call("GetUser", headers={"Authorization": value})


def _forged(name: str) -> Ask:
    return lambda world: world.api.call("GetUser", token=FORGERIES[name](world.signer))


def _expired(ago_s: int) -> Ask:
    return lambda world: world.api.call(
        "GetUser", token=world.signer.mint(claims={"exp": world.signer.claims["iat"] - ago_s})
    )


def _always(value: str) -> Callable[[World], str]:
    return lambda world: value


def _with_cookie(key: Callable[[World], str]) -> Ask:
    return lambda world: world.api.call("GetUser", headers={"Cookie": f"{_name(world)}={key(world)}"})


def _name(world: World) -> str:
    return world.me.cookie.partition("=")[0]


def _key(account: Account) -> str:
    return account.cookie.partition("=")[2]


def _log_in(email: Callable[[World], str], password: Callable[[World], str]) -> Ask:
    return lambda world: world.api.call("Login", fields={"email": email(world), "password": password(world)})


def _as_me(rpc: str, **fields: Callable[[World], Any]) -> Ask:
    def ask(world: World) -> httpx2.Response:
        return world.api.call(rpc, fields={name: of(world) for name, of in fields.items()}, token=world.me.token)

    return ask


def _both(rpc: str, field: str, theirs: Callable[[World], str], **fields: str) -> dict[str, Ask]:
    """Returns requests for a resource of another user, and for one that does not exist."""
    fixed = {name: _always(value) for name, value in fields.items()}
    return {
        "another's": _as_me(rpc, **{field: theirs}, **fixed),
        "unknown": _as_me(rpc, **{field: _always(UNKNOWN_ID)}, **fixed),
    }


#: Requests by group, with the status and code of the only response.
ALIKE: dict[str, tuple[int, str, dict[str, Ask]]] = {
    "no credentials": (
        401,
        "CREDENTIALS_MISSING",
        {
            "no header": lambda world: world.api.call("GetUser"),
            "a cookie of another name": lambda world: world.api.call("GetUser", headers={"Cookie": "key=x"}),
            "on another method": lambda world: world.api.call("ListOrders"),
        },
    ),
    "authorization that is no bearer token": (
        401,
        "TOKEN_INVALID",
        {
            value: _with_authorization(value)
            for value in ("Basic YTpi", "Bearer", "Bearer a b", "Token x", "Bearer a,Bearer b")
        },
    ),
    "a token that is not good": (
        401,
        "TOKEN_INVALID",
        {
            name: _forged(name)
            for name in (
                "algorithm: alg 'none' unsigned",
                "algorithm: HS256 by PEM",
                "claim: iss another",
                "claim: aud another",
                "claim: sub missing",
                "claim: nbf in an hour",
                "header: another key",
                "header: kid unknown",
                "header: kid SQL",
                "header: typ JWT",
                "shape: h.p",
                "shape: spare bits in the signature",
                "shape: over 8 KiB",
                "signature: S + L",
                "signature: cut to 63 bytes",
                "text: claims with a name twice",
            )
        },
    ),
    "a token that has expired": (
        401,
        "TOKEN_EXPIRED",
        {f"{ago_s} s ago": _expired(ago_s) for ago_s in (10, 3600, 10**8)},
    ),
    "a session key that is none": (
        401,
        "SESSION_INVALID",
        {
            "rubbish": _with_cookie(lambda world: "x" * 64),
            "another MAC": _with_cookie(lambda world: _key(world.me)[:-8] + "AAAAAAAA"),
            "another counter": _with_cookie(lambda world: _key(world.me).replace(".", ".9", 1)),
            "another session": _with_cookie(lambda world: f"{'A' * 22}.{_key(world.me).partition('.')[2]}"),
            "logged out": _with_cookie(lambda world: _key(world.ended)),
        },
    ),
    "a login that fails": (
        401,
        "INVALID_CREDENTIALS",
        {
            "wrong password": _log_in(lambda world: world.me.email, lambda world: unique_password()),
            "unknown email": _log_in(lambda world: unique_email(), lambda world: world.me.password),
            "another's password": _log_in(lambda world: world.other.email, lambda world: world.me.password),
        },
    ),
    "order": (404, "ORDER_NOT_FOUND", _both("GetOrder", "order_id", lambda world: world.order_id)),
    "order to delete": (404, "ORDER_NOT_FOUND", _both("DeleteOrder", "order_id", lambda world: world.order_id)),
    "order to cancel": (
        404,
        "ORDER_NOT_FOUND",
        _both("UpdateOrderStatus", "order_id", lambda world: world.order_id, status="cancelled"),
    ),
    "orders": (404, "USER_NOT_FOUND", _both("ListOrders", "user_id", lambda world: world.other.user_id)),
}
