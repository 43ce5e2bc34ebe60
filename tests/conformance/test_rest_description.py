"""Schemathesis with every check on /openapi.json, as a user and as an administrator."""

import json
import os
import re
import secrets
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.conformance import schemathesis_auth
from tests.conftest import StartStack
from tests.running.stacks import LENIENT, Stack

_ROOT = Path(__file__).resolve().parents[2]
_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
#: In all runs together; each is one request with its checks.
_LEAST_CASES = 2500
_ADMINISTRATORS = 40
_WITHIN_S = 1500
_GENERATED = re.compile(r"^ *(\d[\d,]*) generated", re.MULTILINE)


@pytest.fixture(scope="module")
def platform(start_stack: StartStack) -> Stack:
    return start_stack(LENIENT)


@pytest.fixture(scope="module")
def administrators(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the credentials of many administrators: some of them will delete or demote themselves."""
    accounts = [
        {"email": f"admin-{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(24)}
        for _ in range(_ADMINISTRATORS)
    ]
    for account in accounts:
        platform.create_admin(account["email"], account["password"])
    path = tmp_path_factory.mktemp("conformance") / "administrators.json"
    path.write_text(json.dumps(accounts))
    return path


def _run(platform: Stack, folder: Path, **environ: str) -> None:
    done = subprocess.run(
        [
            Path(sysconfig.get_path("scripts")) / "st",
            f"--config-file={_CONFIGURATION}",
            "run",
            f"{platform.url}/openapi.json",
            "--continue-on-failure",
            f"--report-dir={folder}",
        ],
        cwd=folder,  # schemathesis stores failures in .schemathesis
        env={
            **os.environ,
            **environ,
            "SCHEMATHESIS_HOOKS": schemathesis_auth.__name__,
            schemathesis_auth.URL_VARIABLE: platform.url,
            "PYTHONPATH": str(_ROOT),
        },
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    generated = _GENERATED.search(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert generated is not None, done.stdout
    cases = int(generated[1].replace(",", ""))
    print(f"{cases} cases")
    assert cases >= _LEAST_CASES


@pytest.mark.timeout(_WITHIN_S + 60)
def test_responses_to_a_user_match_the_description(platform: Stack, tmp_path: Path) -> None:
    _run(platform, tmp_path)


@pytest.mark.timeout(_WITHIN_S + 60)
def test_responses_to_an_administrator_match_the_description(
    platform: Stack, administrators: Path, tmp_path: Path
) -> None:
    _run(platform, tmp_path, **{schemathesis_auth.ADMINISTRATORS_VARIABLE: str(administrators)})
