"""A bag-of-words classifier, for scale: what a model reaches that knows no language.

Multinomial naive Bayes over words and pairs of neighbouring words, in numpy alone, since the
containers bring no more. It learns the full data set in seconds, so it also shows what a split is
worth: the same classifier is measured under the split by story and under a split by rows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headlines.data import LABELS, Headline
from headlines.metrics import evaluate
from headlines.split import Split, position

NAME = "bag of words"
ROW_NOTE = (
    "bag of words, copies kept, split by rows: near-copies of most test texts were trained on, "
    "as in results that are often reported; compare with baseline, not with accuracy"
)
BUCKETS = 2**20
# Multiplies the first word of a pair before the second is added; odd and large, so pairs spread.
PAIR_FACTOR = 0x9E3779B1
# Added to each count; small, since most features occur in few headlines.
SMOOTHING = 0.1
CHUNK = 20_000
WORD = re.compile(r"[\w$%']+")

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """What the baseline reached, from 0 to 1, and the seconds it took."""

    accuracy: float
    macro_f1: float
    seconds: float


class Vocabulary:
    """Numbers for words, given out as they are met."""

    def __init__(self) -> None:
        """Starts empty; 0 stands for the start of a headline."""
        self._numbers: dict[str, int] = {}

    def features(self, headlines: Sequence[Headline]) -> tuple[Integers, Integers]:
        """Gives the buckets of all headlines in one row, and where each headline begins in it."""
        numbers = self._numbers
        words: list[int] = []
        begins: list[int] = []
        for headline in headlines:
            begins.append(len(words))
            words.append(0)
            for word in WORD.findall(headline.title.lower()):
                words.append(numbers.setdefault(word, len(numbers) + 1))
        single = np.asarray(words, dtype=np.int64)
        # Each word stands beside the pair it makes with the one before it; a headline's first
        # entry is no word, so no pair reaches over two headlines.
        pairs = np.zeros_like(single)
        pairs[1:] = (single[:-1] * PAIR_FACTOR + single[1:] + 1) % BUCKETS
        starts = np.asarray(begins, dtype=np.int64)
        pairs[starts] = 0
        both = np.stack([single % BUCKETS, pairs], axis=1).reshape(-1)
        return both, starts * 2


class NaiveBayes:
    """Log shares of each feature in each class."""

    def __init__(self, classes: int = len(LABELS)) -> None:
        """Knows nothing before `fit`."""
        self._vocabulary = Vocabulary()
        self._weights = np.zeros((classes, BUCKETS))
        self._prior = np.zeros(classes)

    def fit(self, headlines: Sequence[Headline]) -> None:
        """Counts features by class."""
        counts = np.zeros_like(self._weights)
        classes = np.zeros_like(self._prior)
        for label in range(len(classes)):
            chosen = [headline for headline in headlines if headline.label == label]
            classes[label] = len(chosen)
            for start in range(0, len(chosen), CHUNK):
                buckets, _ = self._vocabulary.features(chosen[start : start + CHUNK])
                counts[label] += np.bincount(buckets, minlength=BUCKETS)
        counts += SMOOTHING
        self._weights = np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))
        self._prior = np.log(classes / classes.sum())

    def scores(self, headlines: Sequence[Headline]) -> NDArray[np.float64]:
        """Gives one row a headline with the log probability of each class, up to a constant."""
        parts = [np.zeros((0, len(self._prior)))]
        for start in range(0, len(headlines), CHUNK):
            buckets, begins = self._vocabulary.features(headlines[start : start + CHUNK])
            columns = [np.add.reduceat(row[buckets], begins) for row in self._weights]
            parts.append(np.stack(columns, axis=1) + self._prior)
        return np.concatenate(parts)


def measure(train: Sequence[Headline], test: Sequence[Headline], labels: Sequence[str]) -> Score:
    """Learns one side and predicts the other."""
    started = time.monotonic()
    model = NaiveBayes(len(labels))
    model.fit(train)
    truth = np.asarray([headline.label for headline in test], dtype=np.int64)
    result = evaluate(model.scores(test), truth, labels)
    return Score(result.accuracy, result.macro_f1, round(time.monotonic() - started, 2))


def measure_by_story(split: Split) -> Score:
    """Measures on the stories that the model is measured on."""
    return measure(split.train, split.test, split.labels)


def measure_by_rows(
    rows: Sequence[Headline],
    test_fraction: float,
    most_train: int,
    seed: int,
    labels: Sequence[str] = LABELS,
) -> Score:
    """Measures as reports that split by rows do: copies stay, and any row may be on any side.

    Trains on at most as many rows as the split by story has, so that only the split differs.
    """
    places = [position(seed, str(index)) for index in range(len(rows))]
    order = sorted(range(len(rows)), key=places.__getitem__)
    tests = int(len(rows) * test_fraction)
    test = [rows[index] for index in order[:tests]]
    train = [rows[index] for index in order[tests : tests + most_train]]
    return measure(train, test, labels)
