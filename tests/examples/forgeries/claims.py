"""Missing and invalid claims under a valid signature (RFC 9068 section 2.2)."""

from collections.abc import Iterator
from typing import Any

from tests.examples.forgeries.signer import Forge, Signer

_NEVER: dict[str, Any] = {
    "missing": ...,
    "null": None,
    "true": True,
    "a float": 1.5,
    "a negative number": -1,
    "a huge number": 10**400,
    "an empty list": [],
    "a list of numbers": [1],
    "an object": {"headrace": "headrace"},
}
_NO_TEXT: dict[str, Any] = {
    **_NEVER,
    "a number": 7,
    "empty": "",
    "too long": "x" * 1025,
    "a text with NUL": "a\0b",
    "a text with a newline": "a\nb",
    "a lone surrogate": "\ud800",
}
_NO_NUMBER: dict[str, Any] = {
    **_NEVER,
    "a text": "1700000000",
    "beyond 2^53": 2**53,
    "a float without a fraction": 1700000000.0,
}
_OTHERS: dict[str, dict[str, Any]] = {
    "iss": {"another": "other", "in capitals": "HEADRACE", "with a slash": "headrace/", "in a list": ["headrace"]},
    "aud": {
        "another": "other",
        "in capitals": "HEADRACE",
        "with a space": "headrace ",
        "a list of others": ["other", "headrace.example"],
        "a list with a number": ["headrace", 1],
        "a list in a list": [["headrace"]],
    },
    "role": {"unknown": "root", "in capitals": "ADMIN", "with a space": "admin ", "a list of roles": ["admin"]},
    "nbf": {name: value for name, value in _NO_NUMBER.items() if name != "missing"},
}
_AN_HOUR_S = 3600


def _claim(name: str, value: Any) -> Forge:
    return lambda signer: signer.mint(claims={name: value})


def _in_an_hour(name: str) -> Forge:
    def forge(signer: Signer) -> str:
        later = signer.claims["iat"] + _AN_HOUR_S
        return signer.mint(claims={name: later, "exp": later + _AN_HOUR_S})

    return forge


def _wrong() -> Iterator[tuple[str, Forge]]:
    texts, numbers = ("iss", "aud", "sub", "sid", "jti", "role"), ("iat", "exp", "skc")
    values = {**dict.fromkeys(texts, _NO_TEXT), **dict.fromkeys(numbers, _NO_NUMBER)}
    for table in (values, _OTHERS):
        for claim, wrong in table.items():
            for name, value in wrong.items():
                yield f"{claim} {name}", _claim(claim, value)


CLAIMS: dict[str, Forge] = {
    **dict(_wrong()),
    "iat in an hour": _in_an_hour("iat"),
    "nbf in an hour": _in_an_hour("nbf"),
}
