"""Measures predictions: accuracy, F1, precision, recall, loss, confusion matrix, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of equal width from 0 to 1; what a reader of a calibration chart expects.
CALIBRATION_BINS = 10

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found; all from 0 to 1, `support` in headlines."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Evaluation:
    """What a model reached on headlines whose labels are known."""

    accuracy: float
    macro_f1: float
    loss: float
    classes: dict[str, ClassScore]
    confusion: list[list[int]]
    """Rows are true classes, columns predicted ones, both in the order of the labels."""


@dataclass(frozen=True)
class CalibrationBin:
    """Predictions whose confidence lies above `lower` and up to `upper`.

    A model is calibrated when in every bin `accuracy` is the mean `confidence`.
    """

    lower: float
    upper: float
    count: int
    confidence: float
    accuracy: float


def evaluate(logits: Floats, truth: Integers, labels: Sequence[str]) -> Evaluation:
    """Compares the raw outputs, one row a headline, with the true label indexes."""
    predicted = logits.argmax(axis=1)
    size = len(labels)
    confusion = np.zeros((size, size), dtype=np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    classes = {name: _class_score(confusion, index) for index, name in enumerate(labels)}
    return Evaluation(
        accuracy=float((predicted == truth).mean()),
        macro_f1=float(np.mean([score.f1 for score in classes.values()])),
        loss=float(losses(logits, truth).mean()),
        classes=classes,
        confusion=confusion.tolist(),
    )


def losses(logits: Floats, truth: Integers) -> Floats:
    """Gives the cross entropy of each row, in nats."""
    wide = logits.astype(np.float64)
    highest = wide.max(axis=1, keepdims=True)
    total = highest[:, 0] + np.log(np.exp(wide - highest).sum(axis=1))
    result: Floats = total - wide[np.arange(len(truth)), truth]
    return result


def probabilities(logits: Floats) -> Floats:
    """Turns raw outputs into shares that add up to 1 in each row."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def calibration(logits: Floats, truth: Integers) -> list[CalibrationBin]:
    """Groups predictions by the probability of the predicted class; empty bins are left out."""
    confidence = probabilities(logits).max(axis=1)
    hits = logits.argmax(axis=1) == truth
    numbers = np.ceil(confidence * CALIBRATION_BINS).astype(np.int64).clip(1, CALIBRATION_BINS)
    return [
        CalibrationBin(
            lower=(number - 1) / CALIBRATION_BINS,
            upper=number / CALIBRATION_BINS,
            count=int(inside.sum()),
            confidence=float(confidence[inside].mean()),
            accuracy=float(hits[inside].mean()),
        )
        for number in range(1, CALIBRATION_BINS + 1)
        if (inside := numbers == number).any()
    ]


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Gives the mean distance of accuracy from confidence, over headlines; 0 is perfect."""
    total = sum(bin.count for bin in bins)
    return sum(bin.count * abs(bin.accuracy - bin.confidence) for bin in bins) / total


def _class_score(confusion: Integers, index: int) -> ClassScore:
    hits = int(confusion[index, index])
    predicted = int(confusion[:, index].sum())
    support = int(confusion[index].sum())
    return ClassScore(
        precision=hits / predicted if predicted else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (predicted + support) if predicted + support else 0.0,
        support=support,
    )
