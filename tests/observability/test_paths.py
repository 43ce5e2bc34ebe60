"""Prometheus in folders whose names contain glob characters."""

from pathlib import Path

import pytest
from local_stack.servers import prometheus as server_module
from local_stack.servers.prometheus import PrometheusServer, prometheus_program

from tests.observability.prometheus import Prometheus
from tests.running.polling import eventually
from tests.running.servers import free_port, running

_RULES = """\
groups:
  - name: probe
    rules: [{record: one, expr: "1"}]
"""


def test_folder_names_are_not_read_as_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = prometheus_program()
    assert program is not None, "prometheus is not on PATH"
    home = tmp_path / "data [1]? *"
    rules = tmp_path / "rules [a-z]\\"
    home.mkdir()
    rules.mkdir()
    (rules / "probe.yml").write_text(_RULES)
    monkeypatch.setattr(server_module, "_RULES", rules)
    server = PrometheusServer(
        program, home, free_port(), {"probe": ["127.0.0.1:1"]}, tmp_path / "log", {"LC_ALL": "C"}, "1s"
    )

    with running(server):
        asked = Prometheus(server.port)
        (target,) = eventually(lambda: asked.get("/api/v1/targets")["activeTargets"] or None, within_s=20)
        (group,) = asked.get("/api/v1/rules")["groups"]

    assert target["labels"]["job"] == "probe"
    assert group["name"] == "probe"
