"""How many guesses a password takes, of an attacker who tries first what people choose.

A password is split into parts that an attacker's program would put together: common passwords and words of the
context, as they are, in another case, reversed or in l33t; runs along the alphabet, the digits or a keyboard;
repetitions; years; and single characters. Each part costs the guesses that it takes to try all that are likelier. The
password costs the product, by the cheapest split. This is the idea of zxcvbn (Wheeler, USENIX Security 2016) in its
simplest form, which finds what is obviously weak and nothing else.
"""

import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

#: A password that takes fewer guesses is refused: a common one with a year and some marks, or two of the first 3 500. A
#: phrase of three words that nothing connects takes a thousand times as many.
LEAST_GUESSES = 100_000_000

#: Of one character that is part of nothing: more than digits have, fewer than all that can be typed. Between words, one
#: of a few separators.
_CHARACTER = 32
_SEPARATOR = 8
_SEPARATORS = frozenset(" " + string.punctuation)
#: Of a run: where it begins, which way it goes, how long it is.
_RUN = 32
_YEAR = 150
#: A word that is written in a way that hides it.
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
#: What stands on every login page, with the rank that it has there.
_LOGIN_WORDS = dict.fromkeys(
    ("account", "admin", "administrator", "changeme", "default", "login", "password", "root", "secret", "user"), 8
)


def guesses(password: str, common: Mapping[str, int], context: Sequence[str]) -> int:
    """About how many guesses the password takes; LEAST_GUESSES stands for that many or more.

    common: common passwords in lower case, by rank from 1. context: what belongs to the account or the platform: an
    email, a name; its parts count as well.
    """
    text = _folded(password)
    own = {part: 1 for item in context for part in _parts(_folded(item)) if len(part) >= _SHORTEST_WORD}
    words = _LOGIN_WORDS | own
    period = _period(text)
    unit = text[:period]
    repeats = len(text) // period
    if repeats > 1:
        return min(LEAST_GUESSES, _cheapest(unit, common, words) * repeats)
    return _cheapest(text, common, words)


def _cheapest(text: str, common: Mapping[str, int], words: Mapping[str, int]) -> int:
    best = [1] + [LEAST_GUESSES] * len(text)
    for start in range(len(text)):
        if best[start] >= LEAST_GUESSES:
            continue
        for end, cost in _beginning_at(text, start, common, words):
            best[end] = min(best[end], best[start] * cost)
    return min(best[-1], LEAST_GUESSES)


def _beginning_at(
    text: str, start: int, common: Mapping[str, int], words: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    """The parts that begin there: where they end, and their guesses."""
    yield from _repeated(text, start, start + 1, _SEPARATOR if text[start] in _SEPARATORS else _CHARACTER)
    yield from ((end, _RUN) for end in _run_from(text, start))
    for end in range(start + _SHORTEST_WORD, min(len(text), start + _LONGEST_WORD) + 1):
        part = text[start:end]
        if (rank := _rank(part, common, words)) is not None:
            yield from _repeated(text, start, end, rank)
        if len(part) == 4 and part.isdecimal() and "1900" <= part <= "2059":
            yield end, _YEAR


def _run_from(text: str, start: int) -> Iterator[int]:
    """Where a run may end."""
    for end in range(start + 1, len(text)):
        if text[end - 1 : end + 1] not in _STEPS:
            return
        if end - start + 1 >= _SHORTEST_RUN:
            yield end + 1


def _repeated(text: str, start: int, end: int, cost: int) -> Iterator[tuple[int, int]]:
    """A part, once and as often as it stands there: an attacker who tries it also tries to repeat it."""
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
    """The length of the shortest text that gives ``text`` when it is repeated; a rest at the end may be cut off."""
    for period in range(1, len(text) // 2 + 1):
        if text[period:] == text[:-period]:
            return period
    return max(1, len(text))


def _parts(text: str) -> Iterator[str]:
    """The text, its words, and its words without what is between them."""
    words = "".join(character if character.isalnum() else " " for character in text).split()
    yield from (text, "".join(words), *words)
    local = text.partition("@")[0]
    yield from (local, "".join(character for character in local if character.isalnum()))


def _folded(text: str) -> str:
    """The text in one spelling for all that look alike: no case, no accents, no other forms of a letter."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in apart if not unicodedata.combining(character))
