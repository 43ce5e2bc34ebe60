"""Password strength: an estimate of how many guesses an attacker needs who tries likely passwords first.

A password is split into parts that a cracking program would combine: common passwords and words of the context, plain,
in another case, reversed or in l33t; runs along the alphabet, the digits or a keyboard; repetitions; years; and single
characters. The cost of a part is the number of guesses for all parts that are at least as likely. The cost of the
password is the product over its parts, for the cheapest split. This is the idea of zxcvbn (Wheeler, USENIX Security
2016) in its simplest form: it finds obviously weak passwords only.
"""

import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

#: A password that takes fewer guesses is refused: a common one with a year and some punctuation, or two of the 3 500
#: most common. A phrase of three unrelated words takes a thousand times as many.
MIN_GUESSES = 100_000_000

#: Guesses for a single character outside other parts: between the 10 digits and the 95 printable characters.
_CHARACTER = 32
_SEPARATOR = 8
_SEPARATORS = frozenset(" " + string.punctuation)
#: Guesses for a run: its start, direction and length.
_RUN = 32
_YEAR = 150
#: Factor for a word that is reversed or in l33t.
_DISGUISED = 4
_LONGEST_WORD = 24
_SHORTEST_WORD = 3
_SHORTEST_RUN = 3

_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "azertyuiop",
    "qsdfghjklm",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_STEPS = frozenset(one + next_ for run in _RUNS for way in (run, run[::-1]) for one, next_ in pairwise(way))
_LEET = tuple(str.maketrans("4@8(3690!1$57+2", f"aabceggo{one}{one}ssttz") for one in "il")
#: Words of every login page, with their rank.
_LOGIN_WORDS = dict.fromkeys(
    ("account", "admin", "administrator", "changeme", "default", "login", "password", "root", "secret", "user"), 8
)


def estimate_guesses(password: str, common: Mapping[str, int], context: Sequence[str]) -> int:
    """Returns about how many guesses the password takes, capped at MIN_GUESSES.

    Args:
        password: in any normal form.
        common: common passwords in lower case, by rank from 1.
        context: texts of the account or the platform, such as an email or a name; their words count, too.
    """
    text = _folded(password)
    own = {part: 1 for item in context for part in _parts(_folded(item)) if len(part) >= _SHORTEST_WORD}
    words = _LOGIN_WORDS | own
    period = _period(text)
    unit = text[:period]
    repeats = len(text) // period
    if repeats > 1:
        return min(MIN_GUESSES, _cheapest(unit, common, words) * repeats)
    return _cheapest(text, common, words)


def _cheapest(text: str, common: Mapping[str, int], words: Mapping[str, int]) -> int:
    best = [1] + [MIN_GUESSES] * len(text)
    for start in range(len(text)):
        if best[start] >= MIN_GUESSES:
            continue
        for end, cost in _beginning_at(text, start, common, words):
            best[end] = min(best[end], best[start] * cost)
    return min(best[-1], MIN_GUESSES)


def _beginning_at(
    text: str, start: int, common: Mapping[str, int], words: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """Yields the parts that begin at ``start``: the end of each, and its guesses."""
    yield from _repeated(text, start, start + 1, _SEPARATOR if text[start] in _SEPARATORS else _CHARACTER)
    yield from ((end, _RUN) for end in _run_from(text, start))
    for end in range(start + _SHORTEST_WORD, min(len(text), start + _LONGEST_WORD) + 1):
        part = text[start:end]
        if (rank := _rank(part, common, words)) is not None:
            yield from _repeated(text, start, end, rank)
        if len(part) == 4 and part.isdecimal() and "1900" <= part <= "2059":
            yield end, _YEAR


def _run_from(text: str, start: int) -> Iterator[int]:
    """Yields where a run that begins at ``start`` may end."""
    for end in range(start + 1, len(text)):
        if text[end - 1 : end + 1] not in _STEPS:
            return
        if end - start + 1 >= _SHORTEST_RUN:
            yield end + 1


def _repeated(text: str, start: int, end: int, cost: int) -> Iterator[tuple[int, int]]:
    """Yields a part, once and with its repetitions: an attacker who tries it also tries to repeat it."""
    part, count = text[start:end], 1
    yield end, cost
    while text.startswith(part, end):
        count += 1
        end += len(part)
        yield end, cost * count


def _rank(part: str, common: Mapping[str, int], words: Mapping[str, int]) -> int | None:
    plain = words.get(part) or common.get(part)
    if plain is not None:
        return plain
    disguised = [part[::-1]]
    if any(character.isalpha() for character in part):
        disguised += [part.translate(table) for table in _LEET]
    ranks = [rank for each in disguised if (rank := words.get(each) or common.get(each)) is not None]
    return min(ranks) * _DISGUISED if ranks else None


def _period(text: str) -> int:
    """Returns the length of the shortest text whose repetition gives ``text``; the last one may be incomplete."""
    for period in range(1, len(text) // 2 + 1):
        if text[period:] == text[:-period]:
            return period
    return max(1, len(text))


def _parts(text: str) -> Iterator[str]:
    """Yields the text, each of its words, and all of them without separators."""
    words = "".join(character if character.isalnum() else " " for character in text).split()
    yield from (text, "".join(words), *words)
    local = text.partition("@")[0]
    yield from (local, "".join(character for character in local if character.isalnum()))


def _folded(text: str) -> str:
    """Returns the text without case, accents and compatibility forms of letters."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))
