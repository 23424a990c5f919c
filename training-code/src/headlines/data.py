"""Reads texts with their labels from the one file of the train channel.

What the file is like comes in the variable DATA_FORMAT, which `deploy` makes of `data.format` in
the stack file. Without it, it is the eight-column file of the UCI News Aggregator data set: one
headline a line, columns separated by tabs, no header and no quoting: a quotation mark is part of
the title, and a reader that gives it a meaning loses hundreds of rows of the full file.

A text is called a headline all through this package, after the classifier that it began with.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headlines.errors import TrainingError

VARIABLE = "DATA_FORMAT"
COLUMNS = ("ID", "TITLE", "URL", "PUBLISHER", "CATEGORY", "STORY", "HOSTNAME", "TIMESTAMP")
LABEL_OF_CATEGORY = {"b": "Business", "t": "Science", "e": "Entertainment", "m": "Health"}

SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class Format:
    """What a row of the file is like; columns are counted from 0."""

    columns: int
    text: int
    label: int
    classes: Mapping[str, str]
    """The label of each class, by what stands in the file, in the order of the model's outputs.

    The order is fixed, never taken from the data: the order of first appearance differs between
    samples and would swap labels silently.
    """
    group: int | None = None
    """The column that tells which texts are near-copies of each other."""
    time: int | None = None
    """The column with the time, in milliseconds since 1970."""
    separator: str = "\t"
    quoted: bool = False
    """Whether a cell in quotation marks may hold separators and line breaks (RFC 4180)."""
    header: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Gives the labels in the order of the model's outputs."""
        return tuple(self.classes.values())

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Format:
        """Takes the format from the variable; without it, it is that of the news file."""
        text = environment.get(VARIABLE)
        if not text:
            return NEWS
        try:
            given: dict[str, Any] = json.loads(text)
            given["classes"] = dict(given["classes"])
            return Format(**given)
        except (ValueError, TypeError, KeyError) as error:
            raise TrainingError(
                f"the variable {VARIABLE} is no format: {error}", "it must be deploy's own"
            ) from error


NEWS = Format(
    columns=len(COLUMNS),
    text=COLUMNS.index("TITLE"),
    label=COLUMNS.index("CATEGORY"),
    classes=LABEL_OF_CATEGORY,
    group=COLUMNS.index("STORY"),
    time=COLUMNS.index("TIMESTAMP"),
)
LABELS = NEWS.labels
"""The labels of the news file."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One row: the text, its label as an index, its story, its time in milliseconds.

    The story is what the column of groups has, or the text itself where there is no such column.
    """

    title: str
    label: int
    story: str
    time: int = 0


@dataclass(frozen=True)
class Reading:
    """The usable rows of a file in its order, and how many were dropped for which reason."""

    headlines: list[Headline]
    dropped: dict[str, int]
    digest: str
    """SHA-256 of the file."""
    labels: tuple[str, ...] = LABELS

    @property
    def rows(self) -> int:
        """Counts the rows of the file."""
        return len(self.headlines) + sum(self.dropped.values())


class UnusableRow(ValueError):
    """A row that cannot be used: a reason to count by, and what this row has instead."""

    def __init__(self, reason: str, found: str = "") -> None:
        """Keeps the reason; rows with the same one are counted together."""
        super().__init__(f"{reason}: {found}" if found else reason)
        self.reason = reason


def find_data_file(folder: Path) -> Path:
    """Finds the only file of the train channel; hidden files do not count."""
    remedy = "the train channel must hold exactly one file"
    if not folder.is_dir():
        raise TrainingError(f"the data folder {folder} does not exist", remedy)
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )
    if len(files) != 1:
        found = ", ".join(path.name for path in files[:SHOWN_PROBLEMS]) or "none"
        raise TrainingError(f"{folder} holds {len(files)} files ({found})", remedy)
    return files[0]


def read_headlines(file: Path, max_dropped_fraction: float = 0.0, layout: Format = NEWS) -> Reading:
    """Reads the whole file and drops unusable rows, up to the given share of all rows.

    More of them are an error that names the first lines.
    """
    headlines: list[Headline] = []
    dropped: Counter[str] = Counter()
    shown: list[str] = []
    digest = hashlib.sha256()
    parser = RowParser(layout)
    for number, row in rows_of(file, digest, quoted=layout.quoted):
        if layout.header and number == 1:
            continue
        try:
            headlines.append(parser.parse(row))
        except UnusableRow as problem:
            dropped[problem.reason] += 1
            if len(shown) < SHOWN_PROBLEMS:
                shown.append(f"{file.name}:{number}: {problem}")
    reading = Reading(headlines, dict(dropped), digest.hexdigest(), layout.labels)
    unusable = dropped.total()
    if unusable > max_dropped_fraction * reading.rows:
        quoting = f"{'with' if layout.quoted else 'without'} quoting"
        raise TrainingError(
            f"{unusable} of {reading.rows} rows are unusable: {' | '.join(shown)}",
            "mend or remove them, or allow more with max_dropped_fraction; rows are "
            f"{layout.columns} columns separated by {layout.separator!r} in UTF-8 {quoting}",
        )
    if not headlines:
        raise TrainingError(f"{file.name} is empty", "point data at a file with rows")
    return reading


def rows_of(file: Path, digest: Any, *, quoted: bool) -> Iterator[tuple[int, bytes]]:
    """Gives each row with the number of the line that it begins on, and hashes the file.

    A row ends with its line, unless a quotation mark is still open there.
    """
    held: list[bytes] = []
    begin, is_open = 1, False
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            digest.update(line)
            held.append(line)
            is_open ^= quoted and line.count(b'"') % 2 == 1
            if not is_open:
                yield begin, b"".join(held)
                held, begin = [], number + 1
    if held:
        yield begin, b"".join(held)


class RowParser:
    """Turns rows of one format into headlines."""

    def __init__(self, layout: Format) -> None:
        """Prepares what all rows need."""
        self._layout = layout
        self._index = {found: index for index, found in enumerate(layout.classes)}
        # Stories repeat; one copy of each name is enough.
        self._stories: dict[str, str] = {}

    def parse(self, row: bytes) -> Headline:
        """Turns one row into a headline, or raises `UnusableRow`."""
        layout = self._layout
        cells = self._cells(row)
        if len(cells) != layout.columns:
            raise UnusableRow(f"not {layout.columns} columns", f"{len(cells)}")
        title, found = cells[layout.text].strip(), cells[layout.label]
        if not title:
            raise UnusableRow("the title is empty")
        label = self._index.get(found)
        if label is None:
            known = ", ".join(self._index)
            raise UnusableRow("unknown category", f"'{found}', known are {known}")
        story = title if layout.group is None else cells[layout.group]
        if not story:
            raise UnusableRow("the story is empty")
        time = "0" if layout.time is None else cells[layout.time].strip()
        if not (time.isascii() and time.isdigit()):
            raise UnusableRow("the timestamp is no number", f"'{time}'")
        return Headline(title, label, self._stories.setdefault(story, story), int(time))

    def _cells(self, row: bytes) -> list[str]:
        try:
            text = row.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UnusableRow("not UTF-8", f"at byte {error.start}") from None
        if not self._layout.quoted:
            return text.split(self._layout.separator)
        lines = io.StringIO(text, newline="")
        try:
            return next(csv.reader(lines, delimiter=self._layout.separator, strict=True), [])
        except csv.Error as error:
            raise UnusableRow("not quoted as RFC 4180 has it", str(error)) from None
