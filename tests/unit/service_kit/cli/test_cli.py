"""The command line: help, version, configuration, exit codes."""

import asyncio
import subprocess
import sys
import textwrap
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

import pytest
from service_kit.cli import Subcommand, command
from service_kit.lifecycle import ProcessFailedError
from service_kit.settings import Secret, setting


@dataclass(frozen=True)
class Settings:
    url: Secret = setting(doc="where the store is")
    drain_s: float = setting(doc="time for requests in flight", unit="s", default=10.0)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_URL", "redis://u:hunter2@h")


def run(*arguments: str, serve=None, subcommands=()) -> int:  # type: ignore[no-untyped-def]
    async def nothing(_settings: Settings) -> None:
        return

    return command(
        Settings,
        program="service-kit",
        description="A process.",
        prefix="APP_",
        serve=serve or nothing,
        subcommands=subcommands,
        arguments=arguments,
    )


def test_help_lists_every_setting_with_unit_default_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        run("--help")
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert "APP_URL\n      where the store is (secret; required)" in shown
    assert "APP_DRAIN_S\n      time for requests in flight (default 10.0 s)" in shown
    assert "NAME_FILE" in shown


def test_version_prints_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        run("--version")
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("service-kit 0.")


def test_print_config_masks_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--print-config") == 0
    assert capsys.readouterr().out == "APP_URL=********\nAPP_DRAIN_S=10.0\n"


def test_an_unknown_variable_is_reported_and_does_not_stop_the_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_DRAIN", "1")
    monkeypatch.setenv("APP_PASSWORD", "secret")
    subcommand: Subcommand[Settings] = Subcommand("hello", "says hello", lambda *_: 0, variables=("APP_PASSWORD",))
    assert run("hello", subcommands=(subcommand,)) == 0
    assert capsys.readouterr().err == (
        "service-kit: APP_DRAIN is not a setting and is ignored; did you mean APP_DRAIN_S?\n"
    )


def test_wrong_settings_are_listed_in_one_message_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APP_URL")
    monkeypatch.setenv("APP_DRAIN_S", "soon")
    assert run() == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "service-kit: the settings are wrong:\n"
        "  APP_URL is required: where the store is\n"
        "  APP_DRAIN_S must be a number (is 'soon')\n"
        "See service-kit --help.\n"
    )


def test_command_without_a_subcommand_serves_under_uvloop() -> None:
    seen = []

    async def serve(settings: Settings) -> None:
        seen.append((settings.drain_s, type(asyncio.get_running_loop()).__module__))

    assert run(serve=serve) == 0
    assert seen == [(10.0, "uvloop")]


@pytest.mark.parametrize("failure", [ProcessFailedError("postgres cannot start"), RuntimeError("a bug")])
def test_failure_exits_with_1(failure: Exception) -> None:
    async def serve(_settings: Settings) -> None:
        raise failure

    assert run(serve=serve) == 1


def test_subcommands_of_one_and_two_words_run() -> None:
    def configure(parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)

    def create_admin(settings: Settings, arguments: Namespace) -> int:
        assert settings.url.reveal() == "redis://u:hunter2@h"
        return len(arguments.email)

    subcommands = [
        Subcommand[Settings]("migrate", "bring the database up to date", lambda _settings, _arguments: 7),
        Subcommand[Settings]("keys create", "make a key", lambda _settings, _arguments: 8),
        Subcommand("create-admin", "make an administrator", create_admin, configure),
    ]
    assert run("migrate", subcommands=subcommands) == 7
    assert run("keys", "create", subcommands=subcommands) == 8
    assert run("create-admin", "--email", "a@b.c", subcommands=subcommands) == 5
    for wrong in (["keys"], ["unknown"], ["create-admin"], ["--unknown"]):
        with pytest.raises(SystemExit) as exit_:
            run(*wrong, subcommands=subcommands)
        assert exit_.value.code == 2


def test_help_imports_nothing_heavy() -> None:
    program = textwrap.dedent("""
        import sys
        from dataclasses import dataclass
        from service_kit.cli import command
        from service_kit.settings import setting

        @dataclass(frozen=True)
        class Settings:
            port: int = setting(doc="port", default=1)

        try:
            command(Settings, program="p", description="d", prefix="P_", serve=None, arguments=["--help"])
        finally:
            heavy = {"uvloop", "loguru", "opentelemetry", "hypercorn", "cryptography", "grpclib", "asyncio.base_events"}
            print("HEAVY", sorted(heavy & set(sys.modules)))
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY []")
