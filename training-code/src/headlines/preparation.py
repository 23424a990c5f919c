"""Cleans what was read and says what it did.

Exact copies of a title within a class are removed, the first one stays: agencies' headlines are
printed by many publishers, and a copy on both sides of a split measures memory. Titles that carry
several labels are counted and stay: nobody can say which label is right, and a model meets such
titles in use too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headlines.data import LABELS, Headline, Reading


@dataclass(frozen=True)
class Preparation:
    """Headlines without copies, and the counts that tell how they came about."""

    headlines: list[Headline]
    rows_read: int
    dropped: dict[str, int]
    duplicates_removed: int
    conflicting_titles: int
    """Titles that occur with more than one label."""
    labels: tuple[str, ...] = LABELS

    def describe(self) -> dict[str, object]:
        """Gives the counts for the metrics file; classes count what is left."""
        return {
            "rows_read": self.rows_read,
            "dropped": self.dropped,
            "duplicates_removed": self.duplicates_removed,
            "conflicting_titles": self.conflicting_titles,
            "classes": class_counts(self.headlines, self.labels),
        }

    def lines(self) -> list[str]:
        """Says the same in `name=value` pairs."""
        classes = class_counts(self.headlines, self.labels)
        counts = " ".join(f"{name}={n}" for name, n in classes.items())
        reasons = "".join(f" ({reason}: {n})" for reason, n in self.dropped.items())
        return [
            f"rows_read={self.rows_read} dropped={sum(self.dropped.values())}{reasons} "
            f"duplicates_removed={self.duplicates_removed} "
            f"conflicting_titles={self.conflicting_titles} headlines={len(self.headlines)}",
            counts,
        ]


def prepare(reading: Reading) -> Preparation:
    """Removes copies and counts conflicts; the order of the file stays."""
    # For each title the labels seen so far, as bits: a quarter of the memory of sets.
    seen: dict[str, int] = {}
    kept: list[Headline] = []
    for headline in reading.headlines:
        bit = 1 << headline.label
        labels = seen.get(headline.title, 0)
        if not labels & bit:
            seen[headline.title] = labels | bit
            kept.append(headline)
    return Preparation(
        headlines=kept,
        rows_read=reading.rows,
        dropped=reading.dropped,
        duplicates_removed=len(reading.headlines) - len(kept),
        conflicting_titles=sum(1 for labels in seen.values() if labels & (labels - 1)),
        labels=reading.labels,
    )


def class_counts(headlines: Sequence[Headline], labels: Sequence[str] = LABELS) -> dict[str, int]:
    """Counts the headlines of each class, in the order of the labels."""
    by_label = Counter(headline.label for headline in headlines)
    return {name: by_label[index] for index, name in enumerate(labels)}
