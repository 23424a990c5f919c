"""Splits headlines into training and test so that no story is in both.

A story holds many near-copies of one headline. A split by rows would put copies on both sides,
and the accuracy would measure memory.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from headlines.data import LABELS, Headline
from headlines.errors import TrainingError


@dataclass(frozen=True)
class Split:
    """Headlines to train on and headlines of other stories to evaluate on."""

    train: list[Headline]
    test: list[Headline]

    def describe(self) -> dict[str, object]:
        """Counts headlines, stories and classes of both sides, for the evaluation report."""
        return {"train": _counts(self.train), "test": _counts(self.test)}


def position(seed: int, text: str) -> float:
    """Gives a text its place in [0, 1), the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_by_story(headlines: Sequence[Headline], test_fraction: float, seed: int) -> Split:
    """Sends each story to one side by its own hash, so that new data moves no old story.

    Raises `TrainingError` when a side lacks a class.
    """
    train: list[Headline] = []
    test: list[Headline] = []
    for headline in headlines:
        side = test if position(seed, headline.story) < test_fraction else train
        side.append(headline)
    for name, side in (("training", train), ("test", test)):
        missing = sorted(set(range(len(LABELS))) - {headline.label for headline in side})
        if missing:
            labels = ", ".join(LABELS[index] for index in missing)
            raise TrainingError(
                f"the {name} side of the split has no story of {labels}",
                "give more stories, or change test_fraction or seed",
            )
    return Split(train=train, test=test)


def limit(headlines: Sequence[Headline], most: int, seed: int) -> list[Headline]:
    """Keeps at most so many headlines, spread over as many stories as possible; 0 keeps all.

    A second headline of a story teaches less than the first of another, so every story gives one
    before any gives two.
    """
    if most == 0 or len(headlines) <= most:
        return list(headlines)
    taken: defaultdict[str, int] = defaultdict(int)
    ranked: list[tuple[int, float, int]] = []
    for index, headline in enumerate(headlines):
        place = position(seed, f"{headline.story}\t{headline.title}")
        ranked.append((taken[headline.story], place, index))
        taken[headline.story] += 1
    chosen = sorted(index for _, _, index in sorted(ranked)[:most])
    return [headlines[index] for index in chosen]


def _counts(headlines: Sequence[Headline]) -> dict[str, object]:
    by_label = Counter(headline.label for headline in headlines)
    return {
        "headlines": len(headlines),
        "stories": len({headline.story for headline in headlines}),
        "classes": {name: by_label[index] for index, name in enumerate(LABELS)},
    }
