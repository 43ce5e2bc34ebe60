"""Password strength: common passwords are weak in any form, others are not."""

import random
import secrets
import string
import time

import pytest
from user_svc.adapters.common_passwords import common_passwords
from user_svc.domain.password_strength import MIN_GUESSES, estimate_guesses

COMMON = common_passwords()
CONTEXT = ("ada.lovelace@example.com", "Ada Lovelace", "headrace")
#: How a password that is too short can be lengthened.
LONGER = {
    "repeated": lambda word: word * (15 // len(word) + 1),
    "with the digits": lambda word: word + "1234567890123"[: max(1, 15 - len(word))],
    "repeated, and one more": lambda word: word * (15 // len(word) + 1) + "1",
    "with a year and a mark": lambda word: word.capitalize() + "2026" + "!" * max(1, 11 - len(word)),
}


def is_weak(password: str) -> bool:
    return estimate_guesses(password, COMMON, CONTEXT) < MIN_GUESSES


@pytest.mark.parametrize("lengthened", LONGER.values(), ids=LONGER)
def test_three_thousand_most_common_passwords_are_refused_however_lengthened(lengthened: object) -> None:
    assert callable(lengthened)
    made = {lengthened(word) for word in list(COMMON)[:3200]}
    assert len([password for password in made if len(password) >= 15]) >= 3000
    assert [password for password in made if not is_weak(password)] == []


def test_every_common_password_of_the_minimum_length_is_refused() -> None:
    assert [word for word in COMMON if len(word) >= 15 and not is_weak(word)] == []


WEAK = [
    "123456789012345",
    "987654321987654",
    "123123123123123",
    "111222333444555",
    "aaaaaaaaaaaaaaa",
    "abcdefghijklmno",
    "zyxwvutsrqponml",
    "qwertyuiopasdfg",
    "zxcvbnmasdfghjkl",
    "asdfghjkl;'asdfg",
    "1qaz2wsx3edc4rfv",
    "qwertzuiopasdfg",
    "passwordpassword1",
    "PASSWORDpassword1",
    "password12345678",
    "P@ssw0rd12345678",
    "p455w0rdp455w0rd!",
    "drowssapdrowssap",
    "Welcome2026!Welcome",
    "administrator123",
    "iloveyou iloveyou!",
    "monkey dragon master",
    "summer2026summer",
    "x7# x7# x7# x7# ",
    "🦀🐍🦀🐍🦀🐍🦀🐍🦀🐍🦀🐍🦀🐍🦀🐍",
    "pässwördpässwörd",
    "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
]
OWN = [
    "ada.lovelace@example.com",
    "ADA.LOVELACE@EXAMPLE.COM",
    "ada.lovelace@example.com1",
    "adalovelace1815",
    "lovelace-lovelace",
    "Ada Lovelace 1815",
    "ecalevol.ada.ecalevol",
    "l0vel4ce-lovelace",
    "headraceheadrace",
    "Headrace-2026-Headrace",
    "ada.lovelace.headrace",
]


@pytest.mark.parametrize("password", [*WEAK, *OWN])
def test_weak_password_is_refused(password: str) -> None:
    assert is_weak(password)


INNOCENT = [
    "a-long-walk-in-the-rain",
    "correct horse battery",
    "correct horse battery staple",
    "password but longer",
    "the tide the tide ",
    "étoile filante à l'aube",
    "golden river mountain",
    "Ada likes purple teapots",
    "qZ7 tide-lamp9 bus",
]


@pytest.mark.parametrize("password", INNOCENT)
def test_strong_password_is_accepted(password: str) -> None:
    assert not is_weak(password)


def test_phrases_of_four_random_words_and_random_texts_are_accepted() -> None:
    words = [word for word in COMMON if word.isalpha() and len(word) >= 4][500:8276]  # as many as in a diceware list
    seed = secrets.randbits(64)
    dice = random.Random(seed)  # noqa: S311 - examples
    for separator in (" ", "-", ""):
        phrases = [separator.join(dice.sample(words, 4)) for _ in range(400)]
        assert [phrase for phrase in phrases if is_weak(phrase)] == [], seed
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_letters + string.digits, string.printable):
        texts = ["".join(dice.choices(alphabet, k=15)) for _ in range(400)]
        assert [text for text in texts if is_weak(text)] == [], seed


def test_longest_password_is_estimated_in_bounded_time() -> None:
    def cost_s(password: str) -> float:
        begun = time.process_time()
        for _ in range(5):
            estimate_guesses(password, COMMON, CONTEXT)
        return time.process_time() - begun

    short = cost_s("monkey dragon mas")
    hardest = ("password" * 16)[:127] + "x", "asdsasdfdsasdfgfdsa" * 6 + "asd fgh", "4@8(3690!1$57+2" * 8 + "x"
    assert max(map(cost_s, hardest)) <= 128 / 16 * 8 * short
