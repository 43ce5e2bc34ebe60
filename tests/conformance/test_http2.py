"""h2spec, all of its generic, HTTP/2 and HPACK tests, against the gateway's port and a service's.

h2spec tests RFC 7540; where RFC 9113 or gRPC says otherwise, the difference is named here with its reason.
"""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conformance.go_tools import go_tool
from tests.conftest import StartStack
from tests.running.stacks import LENIENT, Stack

_PACKAGE, _VERSION = "github.com/summerwind/h2spec/cmd/h2spec", "v2.2.1+incompatible"
_TESTS = 145
_WITHIN_S = 300
_ANSWER_WITHIN_S = 5

Known = dict[tuple[str, str], str]

_PRIORITY: Known = {
    (
        "http2/5.3.1",
        "Sends PRIORITY frame that depend on itself",
    ): "RFC 9113 (5.3.2) deprecates priorities: the frame is ignored, and a stream that has not begun is not reset",
}
_GATEWAY: Known = _PRIORITY | {
    (
        "http2/3.5",
        "Sends invalid connection preface",
    ): "the port speaks HTTP/1.1 too: such a request is answered with 400, and the connection is closed",
}
#: A GET is no call: a service answers it with trailers only, as soon as it has read its head. Then the answer comes
#: where the test expects DATA, or before a fault that the test sends after the head has been read.
_ANSWERED = re.compile(r"HEADERS Frame \(length:\d+, flags:0x05, stream_id:\d+\)$")


@pytest.fixture(scope="module")
def platform(start_stack: StartStack) -> Stack:
    return start_stack(LENIENT)


def test_gateway_passes_h2spec(platform: Stack, tmp_path: Path) -> None:
    assert _failures(platform.url.removeprefix("http://"), "/openapi.json", tmp_path).keys() == _GATEWAY.keys()


def test_service_passes_h2spec(platform: Stack, tmp_path: Path) -> None:
    failures = _failures(platform.grpc_target("user-svc"), "/grpc.health.v1.Health/Check", tmp_path)
    unanswered = {case for case, actual in failures.items() if not _ANSWERED.search(actual)}
    assert unanswered == _PRIORITY.keys(), failures


def _failures(target: str, path: str, folder: Path) -> dict[tuple[str, str], str]:
    """Returns the failed tests, section and title, each with what it saw."""
    host, port = target.rsplit(":", 1)
    report = folder / "report.xml"
    program = str(go_tool(_PACKAGE, _VERSION))
    arguments = [f"--host={host}", f"--port={port}", f"--path={path}", f"--timeout={_ANSWER_WITHIN_S}"]
    subprocess.run(
        [program, *arguments, f"--junit-report={report}"], capture_output=True, timeout=_WITHIN_S, check=False
    )
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 (h2spec has written it)
    assert len(cases) == _TESTS
    wrong = [(case, error) for case in cases for kind in ("failure", "error") for error in case.findall(kind)]
    return {(case.attrib["package"], case.attrib["classname"]): (error.text or "").strip() for case, error in wrong}
