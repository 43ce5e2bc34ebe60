"""Terminal output."""

import re
import shlex
from pathlib import Path

import pytest
from local_stack.console import Screen
from local_stack.data_dir import DEFAULT_DATA_DIR, DataDir
from local_stack.status import Row

COLOUR = re.compile(r"\x1b\[(\d+)m")
PROCESSES = ("redis", "postgres", "user-svc", "order-svc", "gateway", "order-svc-2", "gateway-2")


def test_table_never_truncates_an_address(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    url, admin_url = "postgres://127.0.0.1:18432", "http://127.0.0.1:22465"

    Screen().table([Row("postgres", 12345, url, admin_url, True, True, "", 120 * 1024 * 1024)])

    assert capsys.readouterr().out.splitlines()[1].split() == [
        "postgres",
        "ready",
        "12345",
        url,
        admin_url,
        "120",
        "MiB",
    ]


def test_each_process_has_its_own_colour(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    for name in PROCESSES * 2:
        screen.line(name, "ready")

    colours = COLOUR.findall(capsys.readouterr().out.replace("\x1b[0m", ""))
    assert len(set(colours)) == len(PROCESSES)
    assert colours[: len(PROCESSES)] == colours[len(PROCESSES) :]


@pytest.mark.parametrize(
    ("detached", "how_to_stop"),
    [
        (None, "Ctrl-C"),
        (DataDir(DEFAULT_DATA_DIR), "./just logs -f shows the logs, ./just down stops everything."),
        (DataDir(Path("/my data")), "./just logs --data-dir '/my data' -f shows"),
        (DataDir(Path("/my data")), "./just down --data-dir '/my data' stops"),
    ],
)
def test_first_steps_say_how_to_stop_the_stack(
    detached: DataDir | None, how_to_stop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Screen().first_steps("http://127.0.0.1:8080", "http://127.0.0.1:9464", detached)

    shown = capsys.readouterr().out
    assert "http://127.0.0.1:8080/docs" in shown
    assert "http://127.0.0.1:9464/status" in shown
    assert how_to_stop in shown


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/users/reg"),
        ("http://[::1]:8080", "'http://[::1]:8080/api/users/reg'"),
    ],
)
def test_first_steps_quote_a_url_that_a_shell_would_expand(
    url: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Screen().first_steps(url, "http://127.0.0.1:9464", None)

    command = capsys.readouterr().out.partition("Try it:")[2].partition("Then")[0]
    assert command.split()[2] == word
    assert shlex.split(command.replace("\\\n", ""))[2] == f"{url}/api/users/reg"
