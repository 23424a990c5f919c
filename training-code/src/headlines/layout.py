"""Where the container contract puts things.

Everything lives under one base folder, `/opt/ml` unless `SAGEMAKER_BASE_DIR` moves it. The
training toolkit, when it is in the image, names three of the folders in variables of its own;
those win.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The platform shows the first 1 024 characters of the failure file.
FAILURE_LIMIT = 1024


@dataclass(frozen=True)
class Layout:
    """The folders and files of one training job."""

    hyperparameters: Path
    resources: Path
    """Names the hosts of the job."""
    train_channel: Path
    model: Path
    output_data: Path
    checkpoints: Path
    """Kept in step with S3 while the job runs: a file deleted here is deleted there."""
    failure: Path

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Layout:
        """Finds the folders from the variables of the process."""
        base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")

        def folder(variable: str, default: str) -> Path:
            return Path(environment.get(variable) or base / default)

        return Layout(
            hyperparameters=base / "input/config/hyperparameters.json",
            resources=base / "input/config/resourceconfig.json",
            train_channel=folder("SM_CHANNEL_TRAIN", "input/data/train"),
            model=folder("SM_MODEL_DIR", "model"),
            output_data=folder("SM_OUTPUT_DATA_DIR", "output/data"),
            checkpoints=base / "checkpoints",
            failure=base / "output/failure",
        )

    def write_failure(self, message: str) -> None:
        """Leaves the reason where the platform looks for it, on one line."""
        self.failure.parent.mkdir(parents=True, exist_ok=True)
        self.failure.write_text(" ".join(message.split())[:FAILURE_LIMIT], encoding="utf-8")
