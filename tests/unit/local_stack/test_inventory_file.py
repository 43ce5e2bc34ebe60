"""The stored inventory of a running stack."""

import stat
from pathlib import Path

import pytest
from local_stack import inventory_file
from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.inventory import build_inventory


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    data.prepare(fresh=False)
    return data


def test_stored_inventory_reads_back_unchanged(data: DataDir) -> None:
    environ = {"ORDER_SVC_DRAIN_S": "3", "PATH": "/bin"}
    inventory = build_inventory(data, offset=11_000, replicas={"gateway": 2}, environ=environ, prometheus_port=20_090)

    inventory_file.write(inventory)

    assert inventory_file.read(data) == inventory


def test_inventory_file_is_readable_by_its_owner_only(data: DataDir) -> None:
    inventory_file.write(build_inventory(data, offset=0, replicas={}, environ={}))

    assert stat.S_IMODE(data.inventory.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"replicas": [{"name": "x"}]}'])
def test_error_names_the_inventory_file_that_cannot_be_read(data: DataDir, content: str | None) -> None:
    if content is not None:
        data.inventory.write_text(content)

    with pytest.raises(StackError, match=str(data.inventory)):
        inventory_file.read(data)
