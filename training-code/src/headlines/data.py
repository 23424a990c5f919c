"""Reads headlines from the eight-column file of the UCI News Aggregator data set.

One headline a line, columns separated by tabs: ID, TITLE, URL, PUBLISHER, CATEGORY, STORY,
HOSTNAME, TIMESTAMP. There is no header and no quoting: a quotation mark is part of the title, and
a reader that gives it a meaning loses hundreds of rows of the full file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headlines.errors import TrainingError

COLUMNS = ("ID", "TITLE", "URL", "PUBLISHER", "CATEGORY", "STORY", "HOSTNAME", "TIMESTAMP")
TITLE, CATEGORY, STORY = (COLUMNS.index(name) for name in ("TITLE", "CATEGORY", "STORY"))

# The order of the model's outputs. It is fixed, never taken from the data: the order of first
# appearance differs between samples and would swap labels silently.
LABELS = ("Business", "Science", "Entertainment", "Health")
LABEL_OF_CATEGORY = {"b": "Business", "t": "Science", "e": "Entertainment", "m": "Health"}
INDEX_OF_CATEGORY = {letter: LABELS.index(name) for letter, name in LABEL_OF_CATEGORY.items()}

SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class Headline:
    """One row: the text, the index of its label in `LABELS`, and the story it belongs to."""

    title: str
    label: int
    story: str


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


def read_headlines(file: Path) -> list[Headline]:
    """Reads the whole file; a row that cannot be used is an error that names its line."""
    headlines: list[Headline] = []
    problems: list[str] = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                headlines.append(parse_row(line))
            except ValueError as error:
                problems.append(f"{file.name}:{number}: {error}")
    if problems:
        shown = " | ".join(problems[:SHOWN_PROBLEMS])
        raise TrainingError(
            f"{len(problems)} unusable rows: {shown}",
            "mend or remove them; rows are 8 tab-separated columns in UTF-8 without quoting",
        )
    if not headlines:
        raise TrainingError(f"{file.name} is empty", "point data at the news file")
    return headlines


def parse_row(line: bytes) -> Headline:
    """Turns one line into a headline, or raises `ValueError` with what is wrong with it."""
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
    cells = text.split("\t")
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} columns instead of {len(COLUMNS)}")
    title, category, story = cells[TITLE].strip(), cells[CATEGORY], cells[STORY]
    if not title:
        raise ValueError("the title is empty")
    if category not in INDEX_OF_CATEGORY:
        known = ", ".join(INDEX_OF_CATEGORY)
        raise ValueError(f"unknown category '{category}', known are {known}")
    if not story:
        raise ValueError("the story is empty")
    return Headline(title=title, label=INDEX_OF_CATEGORY[category], story=story)
