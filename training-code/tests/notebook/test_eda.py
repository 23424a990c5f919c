"""Executes the exploration notebook on the sample. Runs in the dependency group `notebook`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOK = Path(__file__).parents[2] / "eda.ipynb"
ARN = "arn:aws:sagemaker:eu-west-1:111122223333:notebook-instance/news-prod-notebook"
BUCKET = "news-prod-111122223333-eu-west-1"
SHOWN = ("balance", "length", "publishers", "time", "leakage", "conflicts", "terms")


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_stripped() -> None:
    for cell in read().cells:
        if cell.cell_type == "code":
            assert cell.outputs == [], cell.id
            assert cell.execution_count is None, cell.id
    assert set(read().metadata) == {"kernelspec", "language_info"}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Gives the cells by their ids, after a run beside the notebook, as a person would run it."""
    folder = tmp_path_factory.mktemp("jupyter")
    notebook = read()
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(folder))
        patch.delenv("HEADLINES", raising=False)
        client = NotebookClient(
            notebook,
            timeout=300,
            resources={"metadata": {"path": str(NOTEBOOK.parent)}},
            # No port, on which another user could listen.
            config=Config({"KernelManager": {"transport": "ipc"}}),
        )
        client.execute()
    yield {cell.id: cell for cell in notebook.cells}


def shown(cell: Any, kind: str) -> list[str]:
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


def test_every_question_gets_a_picture(executed: dict[str, Any]) -> None:
    assert {name for name, cell in executed.items() if cell.cell_type == "code"} == {
        "setup",
        "find-data",
        "load",
        *SHOWN,
    }
    for name in SHOWN:
        (picture,) = shown(executed[name], "image/png")
        assert len(picture) > 10_000, name


def test_the_findings_are_those_of_the_sample(executed: dict[str, Any]) -> None:
    (loaded,) = shown(executed["load"], "text/markdown")
    assert "**12,309 rows** in 1,194 stories" in loaded
    assert "0 cannot be used" in loaded
    (leaked,) = shown(executed["leakage"], "text/markdown")
    assert "**99." in leaked
    (conflicts,) = shown(executed["conflicts"], "text/markdown")
    assert "**5 titles** stand under more than one class" in conflicts
    for cell in executed.values():
        assert not [output for output in cell.get("outputs", []) if output.get("name") == "stderr"]


class FakeS3:
    """Two pages of one bucket; remembers what was asked."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **arguments: Any) -> tuple[dict[str, Any], ...]:
        self.asked = arguments
        return self.pages

    def download_file(self, bucket: str, key: str, target: str) -> None:
        assert bucket == BUCKET
        Path(target).write_text(key, encoding="utf-8")


@pytest.fixture
def names() -> dict[str, Any]:
    """Gives the functions of the cell that finds the data."""
    space: dict[str, Any] = {"Path": Path, "json": json, "os": os, "say": lambda _: None}
    (cell,) = (cell for cell in read().cells if cell.id == "find-data")
    exec(compile(cell.source, "find-data", "exec"), space)
    return space


def item(key: str, day: int) -> dict[str, Any]:
    return {"Key": key, "LastModified": datetime(2026, 1, day)}


def test_a_notebook_instance_finds_the_bucket_by_its_own_name(
    names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeS3(
        {"Contents": [item("data/1/old.csv", 1), item("data/2/headlines.csv", 3)]},
        {"Contents": [item("data/3/older.csv", 2)]},
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADLINES", raising=False)
    regions: list[str] = []
    boto3 = type(
        "boto3", (), {"client": lambda _, region_name: regions.append(region_name) or client}
    )
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    metadata = tmp_path / "resource-metadata.json"
    metadata.write_text(json.dumps({"ResourceArn": ARN, "ResourceName": "news-prod-notebook"}))
    names["METADATA"] = metadata
    found = names["find_data"]()
    assert found.read_text() == "data/2/headlines.csv"
    assert found.name == "headlines.csv"
    # The only listing that the notebook's role allows.
    assert client.asked == {"Bucket": BUCKET, "Prefix": "data/"}
    assert regions == ["eu-west-1"]


def test_a_file_can_be_named(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLINES", "/data/mine.csv")
    assert names["find_data"]() == Path("/data/mine.csv")


def test_what_cannot_be_found_is_said(
    names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="'other' is no notebook of a stack"):
        names["bucket_of"](ARN.replace("news-prod-notebook", "other"))
    with pytest.raises(FileNotFoundError, match="`deploy up` uploads the data"):
        names["newest_data"](FakeS3({}), BUCKET)
    monkeypatch.delenv("HEADLINES", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="set HEADLINES"):
        names["find_data"]()
