"""The browser that the tests use."""

import sys

import pytest

from tests.browser.found import SETTING, browser_path


def test_browser_named_by_the_setting_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, sys.executable)
    assert browser_path() == sys.executable


def test_browser_named_by_the_setting_is_not_replaced_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "/no/such/browser")
    assert browser_path() == "/no/such/browser"


def test_no_browser_is_found_when_none_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setattr("tests.browser.found._NAMES", ("no-such-browser",))
    assert browser_path() is None
