"""Splits headlines so that what is measured on is new to the model.

A story holds many near-copies of one headline. A split by rows would put copies on both sides,
and the accuracy would measure memory. So whole stories go to training, to validation (which
chooses the epoch) or to test (which only measures). The newest stories are kept apart as a second,
stricter test: no headline after that moment is trained on, as in use, where all headlines are
younger than the training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from headlines.data import LABELS, Headline
from headlines.errors import TrainingError
from headlines.preparation import class_counts


@dataclass(frozen=True)
class Fractions:
    """Shares of the stories that are kept from training; `time` is of the headlines."""

    test: float
    validation: float
    time: float


@dataclass(frozen=True)
class Split:
    """Headlines of disjoint sets of stories."""

    train: list[Headline]
    validation: list[Headline]
    test: list[Headline]
    newest: list[Headline]
    """Headlines of the stories that began after `cut`; empty where time does not tell apart."""
    cut: int | None
    """Milliseconds since 1970; nothing else in the split is younger."""
    labels: tuple[str, ...] = LABELS

    def describe(self) -> dict[str, object]:
        """Counts headlines, stories and classes of the split by story."""
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: counts(side, self.labels) for name, side in sides.items()}

    def cut_text(self) -> str | None:
        """Gives the cut as an ISO time in UTC."""
        if self.cut is None:
            return None
        return datetime.fromtimestamp(self.cut / 1000, timezone.utc).isoformat(timespec="seconds")


def position(seed: int, text: str) -> float:
    """Gives a text its place in [0, 1), the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_by_story(
    headlines: Sequence[Headline],
    fractions: Fractions,
    seed: int,
    labels: tuple[str, ...] = LABELS,
) -> Split:
    """Sends each story to one side by its own hash, so that new data moves no old story.

    The newest stories are set apart first. Raises `TrainingError` when training or test lacks a
    class; a class that validation lacks lowers each epoch's score alike.
    """
    newest, older, cut = _set_newest_apart(headlines, fractions.time, labels)
    sides: tuple[list[Headline], list[Headline], list[Headline]] = ([], [], [])
    side_of: dict[str, list[Headline]] = {}
    for headline in older:
        side = side_of.get(headline.story)
        if side is None:
            place = position(seed, headline.story)
            beyond_test = place >= fractions.test
            beyond_validation = place >= fractions.test + fractions.validation
            side = side_of[headline.story] = sides[beyond_test + beyond_validation]
        side.append(headline)
    test, validation, train = sides
    for name, chosen in (("training", train), ("test", test)):
        _require_every_class(name, chosen, labels)
    if not validation:
        raise TrainingError(
            "no story fell to the validation side of the split",
            "give more stories, or change validation_fraction or seed",
        )
    return Split(train, validation, test, newest, cut, labels)


def limit(headlines: Sequence[Headline], most: int, seed: int) -> list[Headline]:
    """Keeps at most so many headlines, spread over as many stories as possible; 0 keeps all.

    A second headline of a story teaches less than the first of another, so every story gives one
    before any gives two.
    """
    if most == 0 or len(headlines) <= most:
        return list(headlines)
    taken: dict[str, int] = {}
    ranked: list[tuple[int, float, int]] = []
    for index, headline in enumerate(headlines):
        place = position(seed, f"{headline.story}\t{headline.title}")
        turn = taken.get(headline.story, 0)
        ranked.append((turn, place, index))
        taken[headline.story] = turn + 1
    chosen = sorted(index for _, _, index in sorted(ranked)[:most])
    return [headlines[index] for index in chosen]


def counts(headlines: Sequence[Headline], labels: Sequence[str]) -> dict[str, object]:
    """Counts headlines, stories and the headlines of each class."""
    return {
        "headlines": len(headlines),
        "stories": len({headline.story for headline in headlines}),
        "classes": class_counts(headlines, labels),
    }


def _set_newest_apart(
    headlines: Sequence[Headline], share: float, labels: Sequence[str]
) -> tuple[list[Headline], list[Headline], int | None]:
    """Gives the stories that began at the cut or later, and what was published before it.

    Younger headlines of older stories are in neither. Without a share, or when time does not tell
    the headlines apart, or when a class is missing on a side, nothing is set apart.
    """
    times = sorted(headline.time for headline in headlines)
    cut = times[int(len(times) * (1 - share))] if share else times[0]
    begin: dict[str, int] = {}
    for headline in headlines:
        begin[headline.story] = min(headline.time, begin.get(headline.story, headline.time))
    newest = [headline for headline in headlines if begin[headline.story] >= cut]
    older = [headline for headline in headlines if headline.time < cut]
    if _missing_classes(newest, labels) or _missing_classes(older, labels):
        return [], list(headlines), None
    return newest, older, cut


def _missing_classes(headlines: Sequence[Headline], labels: Sequence[str]) -> list[str]:
    return [name for name, count in class_counts(headlines, labels).items() if not count]


def _require_every_class(name: str, side: Sequence[Headline], labels: Sequence[str]) -> None:
    missing = _missing_classes(side, labels)
    if missing:
        raise TrainingError(
            f"the {name} side of the split has no story of {', '.join(missing)}",
            "give more stories, or change test_fraction or seed",
        )
