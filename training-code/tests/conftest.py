"""Shared material: rows of the data file, and a tiny model trained once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# Before any test imports torch or transformers: no test may reach the network, and models this
# small run no faster on more threads, which would only wait for each other on a busy machine.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parents[1]
TOPICS = {
    "b": "stocks fall as bank {n} reports weak earnings",
    "t": "new phone {n} brings faster software update",
    "e": "singer {n} wins award for summer film",
    "m": "virus outbreak: doctors report patient {n}",
}
TINY_ARGUMENTS = [
    "--base_model=tiny-random",
    "--epochs=2",
    "--learning_rate=0.003",
    "--batch_size=16",
    "--test_fraction=0.25",
    "--validation_fraction=0.2",
    "--checkpoint_steps=4",
]


def row(title: str, category: str = "b", story: str = "s1", time: int = 1394470370698) -> str:
    return "\t".join(["1", title, "http://x", "P", category, story, "x", str(time)]) + "\n"


def corpus(stories: int = 16, headlines: int = 4) -> str:
    """Gives a learnable file: so many stories a category, so many headlines a story.

    The stories of all categories begin one after the other, a second apart.
    """
    return "".join(
        row(
            f"{text.format(n=story)} {'again ' * index}",
            category,
            f"{category}{story}",
            story * 1000,
        )
        for category, text in TOPICS.items()
        for story in range(stories)
        for index in range(headlines)
    )


@dataclass(frozen=True)
class Job:
    """One run of train.py as a process."""

    base: Path
    status: int
    output: str

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text(encoding="utf-8")


def fill_channel(base: Path, data: str | None) -> None:
    channel = base / "input" / "data" / "train"
    channel.mkdir(parents=True, exist_ok=True)
    if data is not None:
        (channel / "headlines.csv").write_text(data, encoding="utf-8")


def run_training(base: Path, data: str | None, arguments: list[str], **variables: str) -> Job:
    fill_channel(base, data)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    environment.pop("HF_HUB_OFFLINE", None)
    environment.update(variables, SAGEMAKER_BASE_DIR=str(base), PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        [sys.executable, "-u", "train.py", *arguments],
        cwd=ROOT / "src",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Job(base, done.returncode, done.stdout)


@pytest.fixture(scope="session")
def tiny_job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = run_training(tmp_path_factory.mktemp("job"), corpus(), TINY_ARGUMENTS)
    assert job.status == 0, job.output
    return job


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "headlines.csv"
        path.write_bytes(content)
        return path

    return write
