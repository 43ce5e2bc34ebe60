"""The passwords, tokens and keys that the tests of this process sent, received or created: no log may hold one.

A test that starts a process searches its log when the process has ended (`assert_clean`), or registers the log to be
searched after all tests (`watch`).
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

#: A text of twice this length less one holds a whole block at a multiple of it, at any offset.
_BLOCK = 8
#: Shorter texts, or texts of few different characters, may occur in a log by chance. A password has at least 15.
_SHORTEST = 2 * _BLOCK - 1
_LEAST_DIFFERENT = 6

_MEMBER = re.compile(
    rb'"(password|current_password|new_password|token|access_token|session_key)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_BEARER = re.compile(rb"(?im)^(?:authorization: *bearer +|x-access-token: *)(\S+)")
_SESSION_KEY = re.compile(rb"(?i)session[_-]key[=:] *([^;\s]+)")
_PRIVATE = re.compile(r'"d"\s*:\s*"([^"]+)"')
_IN_A_FILE = re.compile(r"[^/:@]{32,}")


class SecretsSeen:
    """Secrets, and the search for them. A log is read once, however many secrets there are."""

    def __init__(self) -> None:
        self.kinds: dict[bytes, str] = {}
        self._noted: set[str] = set()
        self._at: dict[bytes, list[tuple[bytes, int]]] = {}
        self._watched: list[Path] = []

    def note(self, kind: str, secret: str) -> None:
        """Searches for this secret from now on, also in escaped form; too short ones are ignored."""
        # Of a token or session key, the signature is the secret; the rest may be logged.
        public, _, signature = secret.rpartition(".")
        if kind in {"access token", "session key"} and public:
            secret = signature
        if secret in self._noted or len(secret) < _SHORTEST or len(set(secret)) < _LEAST_DIFFERENT:
            return
        self._noted.add(secret)  # a load repeats the same secrets
        for spelling in {
            escape(form) for escape in _ESCAPES for form in (secret, unicodedata.normalize("NFC", secret))
        }:
            self._note_spelling(kind, spelling.encode("utf-8", "surrogatepass"))

    def _note_spelling(self, kind: str, spelling: bytes) -> None:
        if spelling in self.kinds:
            return
        self.kinds[spelling] = kind
        # The blocks at its end: many passwords may begin alike.
        for start in range(len(spelling) - _SHORTEST, len(spelling) - _BLOCK + 1):
            self._at.setdefault(spelling[start : start + _BLOCK], []).append((spelling, start))

    def note_text(self, text: bytes) -> None:
        """Notes the secrets in the headers of an HTTP message ("Name: value" lines) and in its JSON body."""
        for member, value in _MEMBER.findall(text):
            kind = {b"session_key": "session key"}.get(member, "password" if b"password" in member else "access token")
            self.note(kind, _unescaped(value))
        for token in _BEARER.findall(text):
            self.note("access token", token.decode("latin-1"))
        for key in _SESSION_KEY.findall(text):
            self.note("session key", key.decode("latin-1"))

    def note_files(self, folder: Path) -> None:
        """Notes the generated secrets of a stack: one per file, connection strings, and private keys as JWKs."""
        for path in folder.rglob("*"):
            if path.suffix == ".json":
                for private in _PRIVATE.findall(path.read_text()):
                    self.note("private key", private)
            elif path.is_file():
                for secret in _IN_A_FILE.findall(path.read_text().strip()):
                    self.note(path.name, secret)

    def found_in(self, text: bytes) -> Iterator[tuple[int, str]]:
        """Yields the offset and the kind of every secret in the text."""
        for block_at in range(0, len(text) - _BLOCK + 1, _BLOCK):
            for spelling, start in self._at.get(text[block_at : block_at + _BLOCK], ()):
                at = block_at - start
                if at >= 0 and text.startswith(spelling, at):
                    yield at, self.kinds[spelling]

    def secrets_in(self, name: str, text: bytes) -> list[str]:
        """Returns the secrets in `text` as "name:line: kind", never the secrets themselves."""
        lines = sorted({(text.count(b"\n", 0, at) + 1, kind) for at, kind in self.found_in(text)})
        return [f"{name}:{line}: {kind}" for line, kind in lines]

    def assert_clean(self, logs: Iterable[Path]) -> None:
        """Raises AssertionError if one of the logs holds a secret."""
        found = [line for path in logs if path.is_file() for line in self.secrets_in(str(path), path.read_bytes())]
        assert not found, "secrets in logs: " + "; ".join(found)

    def watch(self, log: Path) -> Path:
        """Registers this log to be searched after all tests, and returns the path."""
        self._watched.append(log)
        return log

    def assert_watched_clean(self) -> None:
        """Raises AssertionError if one of the registered logs holds a secret."""
        self.assert_clean(self._watched)


def _as_is(text: str) -> str:
    return text


def _as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _as_utf8_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _as_repr(text: str) -> str:
    return repr(text)[1:-1]


def _percent_encoded(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _as_form(text: str) -> str:
    return quote_plus(text, errors="replace")


_ESCAPES: tuple[Callable[[str], str], ...] = (
    _as_is,
    _as_json,
    _as_utf8_json,
    _as_repr,
    _percent_encoded,
    _as_form,
)


def _unescaped(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


SEEN = SecretsSeen()
"""The secrets of this process."""
