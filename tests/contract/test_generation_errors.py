"""The generator reports the errors of a faulty proto, and generates nothing from it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.contracts import PROTOS, ROOT, generate_contract, generator

ORDERS = "order/v1/order_service.proto"
_GENERATOR = ROOT / "packages/shared-contracts/generate.py"
_PACKAGE = """syntax = "proto3";

// A package that no list names.
package probe.v1;

import "google/api/annotations.proto";
import "headrace/v1/policy.proto";

// Probes.
service ProbeService {
  option (headrace.v1.service).upstream = "probe-svc";
  // Probes.
  rpc Probe(ProbeRequest) returns (ProbeResponse) {
    option (google.api.http) = {get: "/probe"};
    option (headrace.v1.method) = {
      access: ACCESS_USER
      deadline_ms: 500
    };
  }
}

// What to probe.
message ProbeRequest {}

// What was found.
message ProbeResponse {}

// An event that no method mentions.
message Probed {}
"""


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROTOS, tmp_path / "protos"))


def _errors(protos: Path, old: str, new: str) -> list[str]:
    """Returns the lines that `just gen` prints once the proto of orders has ``new`` in place of ``old``."""
    file = protos / ORDERS
    text = file.read_text().replace(old, new)
    assert text != file.read_text()
    file.write_text(text)
    target = protos.parent / "target"
    target.mkdir()
    for step in (lambda: generator()["format_protos"](protos), lambda: generate_contract(target, protos)):
        with pytest.raises(generator()["GenerationError"]) as refused:
            step()
    assert list(target.iterdir()) == []
    assert file.read_text() == text
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  string user_id = 2;", "  string user_id = 2"),
        ("  string user_id = 2;", "  strin user_id = 2;"),
        ("  string user_id = 2;", "  string user_id = 1;"),
        ("deadline_ms: 2000", "deadlin_ms: 2000"),
        ("access: ACCESS_USER", "access: ACCESS_USR"),
        ("(headrace.v1.field)", "(headrace.v1.feild)"),
        ("returns (GetOrderResponse) {", "returns (GetOrderResponse) "),
        ('import "buf/', 'import "bof/'),
    ],
    ids=["semicolon", "type", "number", "member", "enum value", "option", "brace", "import"],
)
def test_compile_error_names_file_line_and_column(protos: Path, old: str, new: str) -> None:
    errors = _errors(protos, old, new)
    lines = (protos / ORDERS).read_text().splitlines()
    assert errors
    for error in errors:
        file, line, column, message = error.split(":", 3)
        assert file == f"protos/{ORDERS}"
        assert 1 <= int(line) <= len(lines)
        assert int(column) >= 1
        assert message


def _contract_errors(protos: Path, old: str, new: str) -> list[str]:
    file = protos / ORDERS
    file.write_text(file.read_text().replace(old, new))
    target = protos.parent / "target"
    target.mkdir()
    with pytest.raises(generator()["GenerationError"]) as refused:
        generate_contract(target, protos)
    assert list(target.iterdir()) == []
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("returns (GetOrderResponse)", "returns (stream GetOrderResponse)", ["GetOrder streams responses"]),
        ("rpc GetOrder(", "rpc GetOrder(stream ", ["GetOrder streams requests"]),
        (
            "(GetOrderRequest) returns (",
            "(stream GetOrderRequest) returns (stream ",
            ["GetOrder streams requests and responses"],
        ),
        ("deadline_ms: 2000", "deadline_ms: 0", ["no deadline_ms"]),
        ('get: "/api/orders"', 'get: "/api/orders/info"', ["takes requests that"]),
        ('get: "/api/v1/orders/{order_id}"', 'get: "/api/v1/orders/{id}"', ["names no field"]),
        ('"^(AED|', '"^((AED|', ["the pattern of order.v1.CreateOrderRequest.currency does not compile"]),
        ("package order.v1;", "", ["the file has no package"]),
    ],
)
def test_method_that_cannot_be_served_is_named_by_file_and_line(
    protos: Path, old: str, new: str, expected: list[str]
) -> None:
    errors = _contract_errors(protos, old, new)
    assert len(errors) == len(expected)
    for error, text in zip(errors, expected, strict=True):
        assert error.startswith(f"protos/{ORDERS}:")
        assert text in error


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the part of the repository that the generator reads."""
    shutil.copytree(PROTOS, tmp_path / "protos")
    (tmp_path / "packages/shared-contracts").mkdir(parents=True)
    shutil.copy(_GENERATOR, tmp_path / "packages/shared-contracts")
    return tmp_path


def _run(checkout: Path) -> "subprocess.CompletedProcess[str]":
    """Runs the generator as `just gen` does, but without buf on PATH."""
    command = [sys.executable, str(checkout / "packages/shared-contracts/generate.py")]
    return subprocess.run(
        command, env={"PATH": "/usr/bin:/bin", "HOME": str(checkout)}, capture_output=True, text=True, check=False
    )


def test_command_prints_the_compilers_message_without_a_traceback(checkout: Path) -> None:
    file = checkout / "protos" / ORDERS
    file.write_text(file.read_text().replace("  string user_id = 2;", "  strin user_id = 2;"))

    done = _run(checkout)

    assert (done.returncode, done.stdout) == (1, "")
    message, result = done.stderr.splitlines()
    assert re.fullmatch(rf"protos/{ORDERS}:\d+:\d+:cannot find `strin` in this scope", message)
    assert result == "Nothing was generated."


def test_command_prints_the_exception_of_a_failing_plugin_without_its_traceback(checkout: Path) -> None:
    plugin = checkout / "protoc-gen-broken"
    plugin.write_text(f"#!{sys.executable}\nraise ValueError('the plugin has a bug')\n")
    plugin.chmod(0o755)
    template = checkout / "protos/buf.gen.yaml"
    template.write_text(template.read_text().replace("protoc-gen-python_betterproto2", str(plugin)))

    done = _run(checkout)

    assert done.returncode == 1
    assert "ValueError: the plugin has a bug" in done.stderr
    assert "Traceback" not in done.stderr
    assert 'File "' not in done.stderr


def test_all_streaming_methods_are_reported_at_once(protos: Path) -> None:
    errors = _contract_errors(protos, " returns (", " returns (stream ")
    assert len(errors) == 5


def test_new_package_is_generated_without_registration(protos: Path) -> None:
    (protos / "probe/v1").mkdir(parents=True)
    (protos / "probe/v1/probe.proto").write_text(_PACKAGE)
    target = protos.parent / "target"
    target.mkdir()

    generate_contract(target, protos)

    code = (target / "probe/v1/__init__.py").read_text()
    assert "class ProbeServiceBase" in code
    assert "class Probed(" in code
