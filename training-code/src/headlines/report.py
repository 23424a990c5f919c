"""Writes what a run leaves behind: the model folder and the evaluation report."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from headlines.metrics import Evaluation

REPORT = "evaluation.json"
WEIGHTS = "model.safetensors"
HANDLER = Path("code") / "inference.py"
LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers", "safetensors", "numpy")


def save_model(folder: Path, model: Any, tokenizer: Any, handler: Path) -> None:
    """Saves weights, configuration, tokenizer and the serving handler into the model folder.

    The handler goes to `code/`, where the inference toolkit looks for it. Nothing else is needed
    to serve the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not (folder / WEIGHTS).is_file():
        raise RuntimeError(f"saving left no {WEIGHTS} in {folder}")
    (folder / HANDLER).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(handler, folder / HANDLER)


def build_report(
    evaluation: Evaluation,
    settings: Mapping[str, str | int | float],
    split: Mapping[str, object],
    run: Mapping[str, object],
) -> dict[str, object]:
    """Puts everything that a gate or a reader may ask for into one JSON-ready map.

    `accuracy`, `macro_f1` and `loss` stand at the top level; all shares are from 0 to 1.
    """
    return {
        "accuracy": evaluation.accuracy,
        "macro_f1": evaluation.macro_f1,
        "loss": evaluation.loss,
        "labels": list(evaluation.classes),
        "classes": {name: asdict(score) for name, score in evaluation.classes.items()},
        "confusion": {"rows": "true", "columns": "predicted", "counts": evaluation.confusion},
        "split": dict(split),
        "settings": dict(settings),
        "run": dict(run),
        "versions": versions(),
    }


def write_report(report: Mapping[str, object], folder: Path) -> None:
    """Writes `evaluation.json` into a folder, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    (folder / REPORT).write_text(text, encoding="utf-8")


def metric_lines(evaluation: Evaluation) -> list[str]:
    """Gives the last lines of a run, the ones that the metric regexes read."""
    lines = [
        f"class={name} f1={score.f1:.4f} precision={score.precision:.4f} "
        f"recall={score.recall:.4f} support={score.support}"
        for name, score in evaluation.classes.items()
    ]
    lines.append(
        f"eval_accuracy={evaluation.accuracy:.4f} eval_macro_f1={evaluation.macro_f1:.4f} "
        f"eval_loss={evaluation.loss:.4f}"
    )
    return lines


def versions() -> dict[str, str]:
    """Names the versions of Python and of the libraries that shaped the result."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found
