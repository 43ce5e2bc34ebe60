"""Secrets as files."""

import stat
from pathlib import Path

import pytest
from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.secret_files import load_or_generate, write, write_connections


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    folder = DataDir(tmp_path / "data")
    folder.prepare(fresh=False)
    return folder


def test_secret_files_are_readable_by_their_owner_only(data: DataDir) -> None:
    write_connections(data, load_or_generate(data), postgres_port=5432, redis_port=6379)

    files = [path for path in data.secrets.iterdir() if path.is_file()]
    assert len(files) == 18
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (data.secrets, data.keys)} == {0o700}


def test_secrets_are_generated_once_and_differ(data: DataDir) -> None:
    secrets = load_or_generate(data)

    assert load_or_generate(data) == secrets
    assert (
        len({secrets.postgres_password, secrets.user_svc_password, secrets.redis_password, secrets.session_secret}) == 4
    )
    assert len(secrets.session_secret) >= 32


def test_connection_strings_follow_the_ports(data: DataDir) -> None:
    secrets = load_or_generate(data)

    write_connections(data, secrets, postgres_port=5432, redis_port=6379)
    write_connections(data, secrets, postgres_port=6432, redis_port=7379)

    url = (data.secrets / "order-svc-database-url").read_text()
    assert url == f"postgres://order_svc:{secrets.order_svc_password}@127.0.0.1:6432/order_svc?sslmode=disable"
    assert (data.secrets / "redis-url").read_text() == f"redis://:{secrets.redis_password}@127.0.0.1:7379/0"


def test_lost_password_of_an_existing_database_is_reported(data: DataDir) -> None:
    (data.postgres / "created").touch()

    with pytest.raises(StackError, match="--fresh"):
        load_or_generate(data)


def test_write_replaces_the_file_and_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)

    write(path, "new")

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
