"""Reads headlines from the eight-column file of the UCI News Aggregator data set.

One headline a line, columns separated by tabs: ID, TITLE, URL, PUBLISHER, CATEGORY, STORY,
HOSTNAME, TIMESTAMP (milliseconds since 1970). There is no header and no quoting: a quotation mark
is part of the title, and a reader that gives it a meaning loses hundreds of rows of the full file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from headlines.errors import TrainingError

COLUMNS = ("ID", "TITLE", "URL", "PUBLISHER", "CATEGORY", "STORY", "HOSTNAME", "TIMESTAMP")
TITLE, CATEGORY, STORY, TIMESTAMP = (
    COLUMNS.index(name) for name in ("TITLE", "CATEGORY", "STORY", "TIMESTAMP")
)

# The order of the model's outputs. It is fixed, never taken from the data: the order of first
# appearance differs between samples and would swap labels silently.
LABELS = ("Business", "Science", "Entertainment", "Health")
LABEL_OF_CATEGORY = {"b": "Business", "t": "Science", "e": "Entertainment", "m": "Health"}
INDEX_OF_CATEGORY = {letter: LABELS.index(name) for letter, name in LABEL_OF_CATEGORY.items()}

SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Headline:
    """One row: the text, its label as an index of `LABELS`, its story, its time in milliseconds."""

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

    @property
    def rows(self) -> int:
        """Counts the lines of the file."""
        return len(self.headlines) + sum(self.dropped.values())


class UnusableRow(ValueError):
    """A row that cannot be used: a reason to count by, and what this row has instead."""

    def __init__(self, reason: str, found: str = "") -> None:
        """Keeps the reason; rows with the same one are counted together."""
        super().__init__(f"{reason}: {found}" if found else reason)
        self.reason = reason


def find_data_file(folder: Path) -> Path:
    """Finds the only file of the train channel; hidden files do not count."""
    remedy = "the train channel must hold exactly one tab-separated file"
    if not folder.is_dir():
        raise TrainingError(f"the data folder {folder} does not exist", remedy)
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )
    if len(files) != 1:
        found = ", ".join(path.name for path in files[:SHOWN_PROBLEMS]) or "none"
        raise TrainingError(f"{folder} holds {len(files)} files ({found})", remedy)
    return files[0]


def read_headlines(file: Path, max_dropped_fraction: float = 0.0) -> Reading:
    """Reads the whole file and drops unusable rows, up to the given share of all rows.

    More of them are an error that names the first lines.
    """
    headlines: list[Headline] = []
    dropped: Counter[str] = Counter()
    shown: list[str] = []
    digest = hashlib.sha256()
    # Stories repeat; one copy of each name is enough.
    stories: dict[str, str] = {}
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            digest.update(line)
            try:
                headlines.append(parse_row(line, stories))
            except UnusableRow as problem:
                dropped[problem.reason] += 1
                if len(shown) < SHOWN_PROBLEMS:
                    shown.append(f"{file.name}:{number}: {problem}")
    reading = Reading(headlines, dict(dropped), digest.hexdigest())
    unusable = dropped.total()
    if unusable > max_dropped_fraction * reading.rows:
        raise TrainingError(
            f"{unusable} of {reading.rows} rows are unusable: {' | '.join(shown)}",
            "mend or remove them, or allow more with max_dropped_fraction; "
            "rows are 8 tab-separated columns in UTF-8 without quoting",
        )
    if not headlines:
        raise TrainingError(f"{file.name} is empty", "point data at the news file")
    return reading


def parse_row(line: bytes, stories: dict[str, str] | None = None) -> Headline:
    """Turns one line into a headline, or raises `UnusableRow`.

    `stories` holds names seen before, so that equal ones share their memory.
    """
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UnusableRow("not UTF-8", f"at byte {error.start}") from None
    cells = text.split("\t")
    if len(cells) != len(COLUMNS):
        raise UnusableRow(f"not {len(COLUMNS)} columns", f"{len(cells)}")
    title, category, story, time = (
        cells[TITLE].strip(),
        cells[CATEGORY],
        cells[STORY],
        cells[TIMESTAMP].strip(),
    )
    if not title:
        raise UnusableRow("the title is empty")
    label = INDEX_OF_CATEGORY.get(category)
    if label is None:
        known = ", ".join(INDEX_OF_CATEGORY)
        raise UnusableRow("unknown category", f"'{category}', known are {known}")
    if not story:
        raise UnusableRow("the story is empty")
    if not (time.isascii() and time.isdigit()):
        raise UnusableRow("the timestamp is no number", f"'{time}'")
    if stories is not None:
        story = stories.setdefault(story, story)
    return Headline(title, label, story, int(time))
