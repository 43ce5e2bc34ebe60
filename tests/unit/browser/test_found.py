"""Which browser the tests take."""

import sys

import pytest

from tests.browser.found import SETTING, browser_path


def test_the_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, sys.executable)
    assert browser_path() == sys.executable


def test_what_the_setting_names_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "/no/such/browser")
    assert browser_path() == "/no/such/browser"


def test_without_any_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setattr("tests.browser.found._NAMES", ("no-such-browser",))
    assert browser_path() is None
