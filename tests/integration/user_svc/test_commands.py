"""The subcommands of the command line."""

import io
import sys
from argparse import Namespace
from pathlib import Path

import psycopg
import pytest
from service_kit.settings import load
from user_svc.commands.create_admin import CREATE_ADMIN
from user_svc.settings import PREFIX, Settings

from tests.examples.users import PASSWORD
from tests.integration.user_svc.command import UserSvc, installation
from tests.running.servers import RunningPostgres, RunningRedis, free_port
from tests.running.user_database import migrated_database

NOWHERE = f"postgresql://user:hidden-password@127.0.0.1:{free_port()}/users"


@pytest.fixture
def user_svc(postgres_server: RunningPostgres, redis_server: RunningRedis, tmp_path: Path) -> UserSvc:
    return installation(postgres_server, redis_server, tmp_path)


def create_admin(
    user_svc: UserSvc, email: str = "boss@example.com", name: str = "Boss", **environ: str
) -> tuple[int, str, str]:
    stdin = environ.pop("stdin", PASSWORD + "\n")
    done = user_svc.run("create-admin", "--email", email, "--name", name, stdin=stdin, **environ)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def rows(user_svc: UserSvc, query: str) -> list[tuple[object, ...]]:
    """Returns what a query by the owner of the tables reads."""
    with psycopg.connect(user_svc.environ["USER_SVC_MIGRATION_DATABASE_URL"]) as connection:
        return connection.execute(query.encode()).fetchall()


def test_migrate_applies_migrations_once(user_svc: UserSvc) -> None:
    for _ in range(2):
        assert user_svc.run("migrate").returncode == 0
    assert len(rows(user_svc, "SELECT version FROM schema_migrations")) == 7


def test_migrate_without_a_database_fails_without_showing_its_password(user_svc: UserSvc) -> None:
    failed = user_svc.run("migrate", USER_SVC_MIGRATION_DATABASE_URL=NOWHERE)
    assert failed.returncode == 1
    assert "refused" in failed.stderr
    assert "hidden-password" not in failed.stdout + failed.stderr


def test_keys_create_makes_one_key_only(user_svc: UserSvc) -> None:
    assert "made the signing key" in user_svc.run("keys", "create").stdout
    again = user_svc.run("keys", "create")
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True)
    (path,) = Path(user_svc.environ["USER_SVC_KEY_DIR"]).glob("*.json")
    path.write_text("{}")
    damaged = user_svc.run("keys", "create")
    assert (damaged.returncode, damaged.stdout) == (1, "")
    assert str(path) in damaged.stderr


def test_create_admin_creates_an_administrator(user_svc: UserSvc) -> None:
    user_svc.run("migrate")
    code, said, _ = create_admin(user_svc)
    assert (code, said.startswith("created the administrator boss@example.com")) == (0, True)
    assert rows(user_svc, "SELECT email, name, role FROM users") == [("boss@example.com", "Boss", "admin")]
    detail = {"role": "admin", "by": "operator"}
    assert rows(user_svc, "SELECT event, actor, detail FROM audit_log") == [("registered", None, detail)]


@pytest.mark.parametrize("role", ["user", "admin"])
@pytest.mark.parametrize("email", ["boss@example.com", "BOSS@Example.COM"])
@pytest.mark.parametrize("stdin", ["", "another horse battery\n"], ids=["no password", "a password"])
def test_create_admin_refuses_an_existing_account_and_leaves_it_unchanged(
    user_svc: UserSvc, role: str, email: str, stdin: str
) -> None:
    user_svc.run("migrate")
    create_admin(user_svc)
    with psycopg.connect(user_svc.database_url) as connection:
        connection.execute("UPDATE users SET role = %s", (role,))
    before = rows(user_svc, "SELECT * FROM users"), rows(user_svc, "SELECT * FROM audit_log")
    code, said, problem = create_admin(user_svc, email=email, stdin=stdin)
    assert (code, said) == (2, "")
    (user_id,) = rows(user_svc, "SELECT user_id::text FROM users")[0]
    assert "boss@example.com has an account already" in problem
    assert f"user-svc promote {user_id}" in problem
    assert (rows(user_svc, "SELECT * FROM users"), rows(user_svc, "SELECT * FROM audit_log")) == before


def test_promote_and_demote_change_the_role_by_id(user_svc: UserSvc) -> None:
    user_svc.run("migrate")
    create_admin(user_svc)
    create_admin(user_svc, email="other@example.com")
    (user_id,) = rows(user_svc, "SELECT user_id::text FROM users WHERE email = 'other@example.com'")[0]
    for command, role in (("demote", "user"), ("demote", "user"), ("promote", "admin")):
        done = user_svc.run(command, str(user_id).upper())
        assert (done.returncode, done.stderr) == (0, "")
        assert f"other@example.com ({user_id}) has the role {role}" in done.stdout
        assert (role,) in rows(user_svc, "SELECT role FROM users WHERE email = 'other@example.com'")
    changes = rows(user_svc, "SELECT actor, detail FROM audit_log WHERE event = 'role_changed' ORDER BY audit_id")
    assert changes == [
        (None, {"by": "operator", "from": "admin", "to": "user"}),
        (None, {"by": "operator", "from": "user", "to": "admin"}),
    ]


def test_demote_refuses_unknown_users_and_the_last_administrator(user_svc: UserSvc) -> None:
    user_svc.run("migrate")
    create_admin(user_svc)
    (user_id,) = rows(user_svc, "SELECT user_id::text FROM users")[0]
    refused = {
        ("demote", str(user_id)): "this is the last administrator",
        ("promote", "01890a5d-ac96-774b-bcce-b302099a8057"): "no such user",
        ("promote", "boss@example.com"): "is not a user id",
    }
    for arguments, said in refused.items():
        done = user_svc.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    assert rows(user_svc, "SELECT role FROM users") == [("admin",)]


def test_demote_without_redis_sets_the_role_and_the_next_run_ends_the_sessions(user_svc: UserSvc) -> None:
    user_svc.run("migrate")
    create_admin(user_svc)
    create_admin(user_svc, email="other@example.com")
    (user_id,) = rows(user_svc, "SELECT user_id::text FROM users WHERE email = 'other@example.com'")[0]
    failed = user_svc.run("demote", str(user_id), USER_SVC_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "redis is unavailable" in failed.stderr
    assert "Run the command again" in failed.stderr
    assert rows(user_svc, "SELECT role FROM users WHERE email = 'other@example.com'") == [("user",)]
    assert user_svc.run("demote", str(user_id)).returncode == 0


def test_create_admin_takes_the_password_from_the_environment(user_svc: UserSvc) -> None:
    user_svc.run("migrate")
    assert create_admin(user_svc, stdin="", USER_SVC_ADMIN_PASSWORD=PASSWORD)[0] == 0


REFUSED = {
    "short": ({"stdin": "short\n"}, "the password must be at least 8 characters long"),
    "shorter than set": ({"stdin": "qZ7 tide-lamp9\n"}, "the password must be at least 15 characters long"),
    "common": ({"stdin": "passwordpassword\n"}, "the password is too easy to guess"),
    "missing": ({"stdin": ""}, "no password: set USER_SVC_ADMIN_PASSWORD"),
    "long": ({"stdin": "x7" * 65}, "the password must be at most 128 characters long"),
    "email": ({"email": "boss"}, "the email must be an email address"),
    "name": ({"name": "B"}, "the name must be at least 2 characters long"),
    "both": ({"email": "boss", "name": ""}, "the name is required"),
}


@pytest.fixture(scope="module")
def migrated(postgres_server: RunningPostgres) -> str:
    return migrated_database(postgres_server)


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_create_admin_refuses_what_registering_refuses(
    migrated: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    said: str,
) -> None:
    environ = {"USER_SVC_DATABASE_URL": migrated, "USER_SVC_REDIS_URL": "redis://x", "USER_SVC_KEY_DIR": "x"}
    settings = load(Settings, PREFIX, {**environ, "USER_SVC_SESSION_SECRET": "s" * 32})
    monkeypatch.setattr(sys, "stdin", io.StringIO(given.get("stdin", PASSWORD)))
    arguments = Namespace(email=given.get("email", "boss@example.com"), name=given.get("name", "Boss"))
    assert CREATE_ADMIN.run(settings, arguments) == 2
    assert said in capsys.readouterr().err
    with psycopg.connect(migrated) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_create_admin_fails_without_postgres(user_svc: UserSvc) -> None:
    code, _, problem = create_admin(user_svc, USER_SVC_DATABASE_URL=NOWHERE)
    assert (code, "postgres is unavailable" in problem) == (1, True)
    assert "hidden-password" not in problem


def test_all_invalid_settings_are_reported_at_once(user_svc: UserSvc) -> None:
    wrong = {
        "USER_SVC_SESSION_SECRET": "too short a secret",
        "USER_SVC_DATABASE_URL": "mysql://hidden-password@host",
        "USER_SVC_PASSWORD_MIN_LENGTH": "7",
        "USER_SVC_KEY_DIR": "",
        "USER_SVC_PORT": "ssh",
        "USER_SVC_ARGON2_MEMORY_KIB": "99999999999",
        "USER_SVC_ARGON2_TIME_COST": "99999999999",
    }
    failed = user_svc.run(**wrong)
    assert failed.returncode == 2
    assert all(name in failed.stderr for name in wrong)
    assert "Traceback" not in failed.stderr
    assert "too short a secret" not in failed.stderr
    assert "hidden-password" not in failed.stderr


def test_settings_are_shown_without_secrets(user_svc: UserSvc) -> None:
    shown = user_svc.run("--print-config").stdout
    assert f"USER_SVC_PORT={user_svc.port}" in shown
    for secret in ("DATABASE_URL", "REDIS_URL", "SESSION_SECRET"):
        assert f"USER_SVC_{secret}=********" in shown
        assert user_svc.environ[f"USER_SVC_{secret}"] not in shown


def test_serving_without_a_signing_key_fails_with_advice(user_svc: UserSvc) -> None:
    failed = user_svc.run()
    assert failed.returncode == 1
    assert "user-svc keys create" in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
