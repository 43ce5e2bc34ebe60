"""The keys that sign access tokens: a directory of private JWKs (RFC 7517, RFC 8037), one file `KID.json` each.

Besides the JWK's own members, a file holds `signs_from`, the Unix time from which the key signs: of those whose time
has come, the latest signs. So a key may be published before it signs, and its file stays until its last token has
expired.
"""

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM = "EdDSA"
_CURVE: Literal["Ed25519"] = "Ed25519"
_SIGNS_FROM = "signs_from"
_PUBLIC_MEMBERS = ("kty", "crv", "x", "kid", "alg", "use")


class SigningKeyError(Exception):
    """The directory cannot be read, or holds what is no signing key of ours."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. signs_from: in Unix seconds."""

    kid: str
    signs_from: float
    jwk: OKPKey = field(repr=False)

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public half, as the key set shows it."""
        members = self.jwk.as_dict(private=False)
        return {name: str(members[name]) for name in _PUBLIC_MEMBERS}


class SigningKeys:
    """The keys of a directory, as they were when last read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys: tuple[SigningKey, ...] = ()

    def read(self) -> None:
        """Reads the directory anew. SigningKeyError: nothing of it is taken, and the keys stay as they were."""
        try:
            paths = sorted(self._directory.glob("*.json"))
        except OSError as exc:
            raise SigningKeyError(f"{self._directory}: {exc.strerror}") from exc
        self._keys = tuple(_read(path) for path in paths)

    def current(self) -> SigningKey:
        """The key that signs now. SigningKeyError: there is none."""
        now = time.time()
        due = [key for key in self._keys if key.signs_from <= now]
        if not due:
            raise SigningKeyError(f"{self._directory} holds no signing key; `user-svc keys create` makes one")
        return max(due, key=lambda key: (key.signs_from, key.kid))

    def public(self) -> list[dict[str, str]]:
        """The public halves of all keys."""
        return [key.public_jwk for key in self._keys]

    def create(self, signs_from: float) -> SigningKey:
        """Makes a key and its file, which only the owner may read. SigningKeyError: it cannot be written."""
        made = OKPKey.generate_key(_CURVE, {"alg": ALGORITHM, "use": "sig"})
        kid = made.thumbprint()
        jwk = OKPKey.import_key({**made.as_dict(private=True), "kid": kid})
        text = json.dumps({**jwk.as_dict(private=True), _SIGNS_FROM: signs_from}, indent=2)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(self._directory / f"{kid}.json", text)
        except OSError as exc:
            raise SigningKeyError(f"{exc.filename}: {exc.strerror}") from exc
        key = SigningKey(kid, signs_from, jwk)
        self._keys = (*self._keys, key)
        return key


def _write_whole(path: Path, text: str) -> None:
    """Writes a file that its readers see whole or not at all."""
    unfinished = path.with_suffix(".new")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()


def _read(path: Path) -> SigningKey:
    try:
        members = json.loads(path.read_text())
        signs_from = float(members.pop(_SIGNS_FROM, 0))
        jwk = OKPKey.import_key(members)
        expected = {"kty": "OKP", "crv": _CURVE, "alg": ALGORITHM, "use": "sig", "kid": path.stem}
        wrong = [name for name, value in expected.items() if members.get(name) != value]
        if not jwk.is_private:
            wrong.append("d")
    except OSError as exc:
        raise SigningKeyError(f"{path}: {exc.strerror}") from exc
    except (ValueError, TypeError, AttributeError, JoseError) as exc:
        # Without the cause: its text may quote the file.
        raise SigningKeyError(f"{path} is no JSON Web Key of kind OKP") from exc
    if wrong:
        raise SigningKeyError(f"{path}: not as it should be: {', '.join(wrong)}")
    return SigningKey(path.stem, signs_from, jwk)
