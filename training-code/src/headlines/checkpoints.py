"""Checkpoints that survive a kill at any moment, under the rules of spot training.

The platform copies the folder to S3 while training runs, file by file, and back before a restarted
job begins; a file deleted here is deleted there. So a checkpoint may arrive in part. Each one
gets a last file that names the others with their sizes, and only what is whole is resumed from.
A run that differs in data or settings has a folder of its own and never meets these.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headlines import processes

MARKER = "complete.json"
STATE = "trainer_state.json"
WEIGHTS = "model.safetensors"
PREFIX = "checkpoint-"
# Key of our entries in the Trainer's log, which travels with each checkpoint.
EVALUATION = "evaluation"

History = list[dict[str, Any]]


@dataclass(frozen=True)
class Saved:
    """A whole checkpoint: where it is, how far it got, and the evaluations up to there."""

    path: Path
    step: int
    history: History


def folder_for(parent: Path, settings: Mapping[str, object], data_digest: str) -> Path:
    """Names the folder of one run's checkpoints from what decides its steps."""
    told = [dict(settings), data_digest, processes.world_size()]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return parent / digest[:16]


def history_of(log: Sequence[Mapping[str, Any]]) -> History:
    """Picks our evaluations from the Trainer's log."""
    return [dict(entry[EVALUATION]) for entry in log if EVALUATION in entry]


def best_of(history: History) -> dict[str, Any]:
    """Gives the evaluation with the highest macro-F1; of equals the one with the lower loss."""

    def rank(entry: dict[str, Any]) -> tuple[float, float]:
        return entry["eval_macro_f1"], -entry["eval_loss"]

    return max(history, key=rank)


class Checkpoints:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder; it need not exist."""
        self.folder = folder

    def path(self, step: int) -> Path:
        """Gives the folder of one checkpoint, where the Trainer puts it."""
        return self.folder / f"{PREFIX}{step}"

    def latest(self) -> Saved | None:
        """Finds the newest whole checkpoint whose best epoch is whole too."""
        for step in sorted(self._steps(), reverse=True):
            saved = self._read(step)
            if saved is None:
                continue
            best = best_of(saved.history)["step"] if saved.history else step
            if best == step or self._read(best) is not None:
                return saved
        return None

    def finish(self, step: int, history: History) -> None:
        """Marks the checkpoint whole, then deletes all but it and the best one.

        Every process calls it, after its own files are written.
        """
        processes.wait_for_all()
        if processes.is_first():
            self._mark(step)
        processes.wait_for_all()
        if processes.is_first_on_host():
            kept = {step} | ({best_of(history)["step"]} if history else set())
            for other in self._steps() - kept:
                # Without its last file, a checkpoint that is half deleted counts as absent.
                (self.path(other) / MARKER).unlink(missing_ok=True)
                shutil.rmtree(self.path(other))

    def _mark(self, step: int) -> None:
        path = self.path(step)
        sizes = {file.name: file.stat().st_size for file in sorted(path.iterdir())}
        sizes.pop(MARKER, None)
        text = json.dumps({"step": step, "files": sizes}, indent=2)
        # By a name of its own first: a kill must not leave half a marker.
        draft = self.folder / f"{MARKER}.{step}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(path / MARKER)

    def _steps(self) -> set[int]:
        names = [path.name for path in self.folder.glob(f"{PREFIX}*") if path.is_dir()]
        numbers = [name.removeprefix(PREFIX) for name in names]
        return {int(number) for number in numbers if number.isdigit()}

    def _read(self, step: int) -> Saved | None:
        path = self.path(step)
        try:
            sizes = json.loads((path / MARKER).read_text(encoding="utf-8"))["files"]
            whole = all((path / name).stat().st_size == size for name, size in sizes.items())
            log = json.loads((path / STATE).read_text(encoding="utf-8"))["log_history"]
        except (OSError, ValueError, KeyError):
            return None
        return Saved(path, step, history_of(log)) if whole else None
