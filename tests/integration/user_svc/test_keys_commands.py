"""`user-svc keys`, and a running service whose folder of keys changes."""

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from service_kit.tokens.revocation_stream import STREAM
from user_svc.__main__ import main

from tests.integration.user_svc.command import UserSvc, installation
from tests.running.polling import eventually
from tests.running.servers import RunningPostgres, RunningRedis, free_port, stop

NO_REDIS = f"redis://127.0.0.1:{free_port()}/0"


@dataclass(frozen=True)
class Done:
    """The output of a command."""

    returncode: int
    stdout: str
    stderr: str


class Command:
    """`user-svc` in this process, which saves one or two seconds of starting another."""

    def __init__(self, installed: UserSvc, patch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
        self.installed = installed
        self._patch = patch
        self._output = output
        for name, value in installed.environ.items():
            patch.setenv(name, value)

    def run(self, *arguments: str, **environ: str) -> Done:
        with self._patch.context() as patch:
            patch.setattr(sys, "argv", ["user-svc", *arguments])
            for name, value in environ.items():
                patch.setenv(name, value)
            self._output.readouterr()
            try:
                code = main()
            except SystemExit as end:  # by argparse
                code = end.code if isinstance(end.code, int) else 0
        return Done(code, *self._output.readouterr())


@pytest.fixture
def user_svc(
    postgres_server: RunningPostgres,
    redis_server: RunningRedis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    command = Command(installation(postgres_server, redis_server, tmp_path), monkeypatch, capsys)
    assert command.run("keys", "create").returncode == 0
    return command


def listed(user_svc: Command) -> list[dict[str, Any]]:
    done = user_svc.run("keys", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def unix(text: str) -> float:
    assert text.endswith("Z")
    return datetime.fromisoformat(text).timestamp()


def revoked_keys(redis_server: RunningRedis) -> list[str]:
    with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        return [fields["kid"] for _, fields in redis.xrange(STREAM) if "kid" in fields]


def test_keys_rotate_changes_what_keys_list_shows(user_svc: Command) -> None:
    (first,) = listed(user_svc)
    assert first.keys() == {"kid", "state", "signs_from", "retires_at"}
    assert (first["state"], first["retires_at"]) == ("signing", None)
    assert abs(unix(first["signs_from"]) - time.time()) < 60

    before = time.time()
    rotated = user_svc.run("keys", "rotate")
    assert (rotated.returncode, rotated.stderr) == (0, "")
    first, following = listed(user_svc)
    assert (first["state"], following["state"]) == ("signing", "next")
    assert f"made the key {following['kid']}, which signs from {following['signs_from']}" in rotated.stdout
    assert before + 600 <= unix(following["signs_from"]) <= time.time() + 601
    assert unix(first["retires_at"]) == unix(following["signs_from"]) + 900 + 30

    again = user_svc.run("keys", "rotate")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"user-svc keys rotate: the key {following['kid']} is waiting to sign already\n"

    heading, *rows = user_svc.run("keys", "list").stdout.splitlines()
    assert heading.split("  ")[0] == "KID"
    assert [row.split() for row in rows] == [
        [str(value or "-") for value in each.values()] for each in listed(user_svc)
    ]


def test_lead_is_a_setting_with_a_minimum(user_svc: Command) -> None:
    wrong = user_svc.run("keys", "rotate", USER_SVC_KEY_LEAD_S="14")
    assert wrong.returncode == 2
    assert "USER_SVC_KEY_LEAD_S must be at least 15 s" in wrong.stderr
    assert user_svc.run("keys", "rotate", USER_SVC_KEY_LEAD_S="15").returncode == 0
    assert unix(listed(user_svc)[1]["signs_from"]) <= time.time() + 16


def test_keys_retire_replaces_the_signing_key_and_notifies_the_gateways(
    user_svc: Command, redis_server: RunningRedis
) -> None:
    (first,) = listed(user_svc)
    done = user_svc.run("keys", "retire", first["kid"])
    (second,) = listed(user_svc)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"retired the key {first['kid']}: its tokens are no longer valid",
        f"the key {second['kid']} signs from now on",
    ]
    assert (second["state"], second["kid"] != first["kid"]) == ("signing", True)
    assert first["kid"] in revoked_keys(redis_server)


def test_keys_retire_without_redis_succeeds_and_says_what_that_means(user_svc: Command) -> None:
    (first,) = listed(user_svc)
    done = user_svc.run("keys", "retire", first["kid"], USER_SVC_REDIS_URL=NO_REDIS)
    assert done.returncode == 0
    assert "redis does not answer" in done.stderr
    assert "within 10 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert first["kid"] not in {row["kid"] for row in listed(user_svc)}


@pytest.mark.parametrize("kid", ["nobody", "../keys/x", "/etc/passwd", ""])
def test_unknown_key_cannot_be_retired(user_svc: Command, redis_server: RunningRedis, kid: str) -> None:
    before = listed(user_svc)
    done = user_svc.run("keys", "retire", kid)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"holds no key {kid!r}; `user-svc keys list` shows them" in done.stderr
    assert listed(user_svc) == before
    assert kid not in revoked_keys(redis_server)


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("rotate",), ("retire", "x")])
def test_command_without_a_key_says_how_to_make_one(
    user_svc: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = user_svc.run("keys", *arguments, USER_SVC_KEY_DIR=str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "holds no signing key; `user-svc keys create` makes one" in done.stderr


@pytest.mark.parametrize("arguments", [("create",), ("rotate",), ("retire", "x")])
def test_folder_that_cannot_be_written_is_reported(
    user_svc: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    done = user_svc.run("keys", *arguments, USER_SVC_KEY_DIR=str(tmp_path / "file" / "keys"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_the_commands(user_svc: Command) -> None:
    said = user_svc.run("--help").stdout
    assert all(f"{name}:" in said for name in ("create", "list", "rotate", "retire"))
    assert "USER_SVC_KEY_LEAD_S" in said


@pytest.fixture
def running(user_svc: Command, tmp_path: Path) -> Iterator[UserSvc]:
    assert user_svc.run("migrate").returncode == 0
    process = user_svc.installed.start(tmp_path / "log")
    try:
        eventually(lambda: readiness(user_svc.installed).get("ready") or None, within_s=60)
        yield user_svc.installed
    finally:
        stop(process, signal.SIGTERM)


def readiness(user_svc: UserSvc) -> dict[str, Any]:
    report: dict[str, Any]
    try:
        with urllib.request.urlopen(f"{user_svc.admin_url}/readyz") as response:  # noqa: S310 - a local address
            report = json.load(response)
    except urllib.error.HTTPError as refused:
        report = json.load(refused)
    except OSError:
        report = {}
    return report


def failed_readings(user_svc: UserSvc) -> float:
    with urllib.request.urlopen(f"{user_svc.admin_url}/metrics") as response:  # noqa: S310 - a local address
        lines = response.read().decode().splitlines()
    found = [line for line in lines if line.startswith("user_svc_signing_keys_reads") and '"failed"' in line]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_damaged_folder_shows_in_readiness_and_metrics_until_it_is_repaired(running: UserSvc, tmp_path: Path) -> None:
    spoilt = Path(running.environ["USER_SVC_KEY_DIR"]) / "spoilt.json"
    spoilt.write_text("{}")
    reason = eventually(lambda: readiness(running)["checks"]["signing_key"].get("reason") or None, within_s=10)
    assert "spoilt.json" in reason
    eventually(lambda: failed_readings(running) or None, within_s=10)
    spoilt.unlink()
    eventually(lambda: readiness(running)["ready"] or None, within_s=10)
    about_keys = [line for line in (tmp_path / "log").read_text().splitlines() if "signing key folder" in line]
    assert [json.loads(line)["level"] for line in about_keys] == ["ERROR", "INFO"]
