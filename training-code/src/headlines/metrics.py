"""Measures predictions: accuracy, F1, precision, recall, loss and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
