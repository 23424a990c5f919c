"""Writes what a run leaves behind: the model folder and the metrics file."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from headlines import baseline
from headlines.baseline import Score
from headlines.checkpoints import best_of
from headlines.metrics import (
    Evaluation,
    calibration,
    evaluate,
    expected_calibration_error,
    losses,
    probabilities,
)
from headlines.preparation import Preparation
from headlines.settings import Settings
from headlines.split import Split
from headlines.training import Outcome, Prediction

METRICS = "metrics.json"
# Raised when a reader of an older file would misread this one.
SCHEMA = 1
WEIGHTS = "model.safetensors"
# What `code/` of the model archive needs to serve; beside train.py here.
SERVING_FILES = ("inference.py",)
WORST_SHOWN = 20
LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers", "safetensors", "numpy")


def save_model(folder: Path, model: Any, tokenizer: Any, source: Path) -> None:
    """Saves weights, configuration, tokenizer and the serving code into the model folder.

    The code comes from the folder `source` and goes to `code/`, where the inference toolkit looks
    for it. Nothing else is needed to serve the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not (folder / WEIGHTS).is_file():
        raise RuntimeError(f"saving left no {WEIGHTS} in {folder}")
    for name in SERVING_FILES:
        target = folder / "code" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)


@dataclass(frozen=True)
class Baselines:
    """What a bag of words reaches under the split by story and under the split by rows."""

    story: Score
    rows: Score


@dataclass(frozen=True)
class Circumstances:
    """How a run went, apart from what it reached."""

    settings: Settings
    preparation: Preparation
    split: Split
    baselines: Baselines
    seconds: float
    device: str
    devices: int


def build_metrics(outcome: Outcome, run: Circumstances) -> dict[str, object]:
    """Puts everything that a gate or a reader may ask for into one JSON-ready map.

    `accuracy`, `macro_f1` and `loss` stand at the top level and are of the test by story; all
    shares are from 0 to 1, all losses in nats.
    """
    test = outcome.test
    labels = run.split.labels
    evaluation = evaluate(test.logits, test.truth, labels)
    bins = calibration(test.logits, test.truth)
    speed = outcome.headlines_per_second
    return {
        "schema": SCHEMA,
        "accuracy": evaluation.accuracy,
        "macro_f1": evaluation.macro_f1,
        "loss": evaluation.loss,
        "expected_calibration_error": expected_calibration_error(bins),
        "labels": list(evaluation.classes),
        "classes": {name: asdict(score) for name, score in evaluation.classes.items()},
        "confusion": {"rows": "true", "columns": "predicted", "counts": evaluation.confusion},
        "calibration": {"bins": [asdict(bin) for bin in bins]},
        "worst": worst(test, labels),
        "baseline": {"name": baseline.NAME, **asdict(run.baselines.story)},
        "history": outcome.history,
        "best_epoch": best_of(outcome.history)["epoch"],
        "preparation": run.preparation.describe(),
        "splits": {
            "story": run.split.describe(),
            "time": _time_split(outcome, run.split),
            "row": {
                "accuracy": run.baselines.rows.accuracy,
                "macro_f1": run.baselines.rows.macro_f1,
                "note": baseline.ROW_NOTE,
            },
        },
        "settings": run.settings.as_dict(),
        "run": {
            "seconds": run.seconds,
            "steps": outcome.steps,
            "headlines_per_second": None if speed is None else round(speed, 1),
            "device": run.device,
            "devices": run.devices,
            "resumed_from_step": outcome.resumed_from,
        },
        "versions": versions(),
    }


def worst(prediction: Prediction, labels: Sequence[str]) -> list[dict[str, object]]:
    """Lists the mistakes with the highest loss; `probability` is of the predicted label."""
    found = losses(prediction.logits, prediction.truth)
    shares = probabilities(prediction.logits)
    predicted = prediction.logits.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != prediction.truth)
    order = mistakes[np.argsort(-found[mistakes], kind="stable")][:WORST_SHOWN]
    return [
        {
            "title": prediction.headlines[index].title,
            "true": labels[prediction.truth[index]],
            "predicted": labels[predicted[index]],
            "probability": float(shares[index, predicted[index]]),
            "loss": float(found[index]),
        }
        for index in order
    ]


def write_metrics(metrics: Mapping[str, object], folder: Path) -> None:
    """Writes `metrics.json` into a folder, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
    (folder / METRICS).write_text(text, encoding="utf-8")


def _time_split(outcome: Outcome, split: Split) -> dict[str, object]:
    newest = outcome.newest
    reached = None if newest is None else evaluate(newest.logits, newest.truth, split.labels)
    return {
        "accuracy": reached.accuracy if reached else None,
        "macro_f1": reached.macro_f1 if reached else None,
        "headlines": len(split.newest),
        "cut": split.cut_text(),
    }


def metric_lines(outcome: Outcome, baselines: Baselines, labels: Sequence[str]) -> list[str]:
    """Gives the last lines of a run; the very last one is what the metric regexes read."""
    lines = [
        f"baseline='{baseline.NAME}' accuracy={baselines.story.accuracy:.4f} "
        f"macro_f1={baselines.story.macro_f1:.4f} split_by=story",
        f"baseline='{baseline.NAME}' accuracy={baselines.rows.accuracy:.4f} "
        f"macro_f1={baselines.rows.macro_f1:.4f} split_by=rows (leaks, for comparison only)",
    ]
    if outcome.newest is not None:
        newest = evaluate(outcome.newest.logits, outcome.newest.truth, labels)
        lines.append(
            f"time_accuracy={newest.accuracy:.4f} time_macro_f1={newest.macro_f1:.4f} "
            f"headlines={len(outcome.newest.headlines)}"
        )
    return lines + evaluation_lines(evaluate(outcome.test.logits, outcome.test.truth, labels))


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    """Says what each class and the whole reached on the test by story."""
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
