"""Makes the sample that ships with the project from the full UCI News Aggregator file.

    python tools/make_sample.py newsCorpora.csv[.xz] ../stacks/news-classifier/data/headlines.csv

The sample keeps whole stories, because training and evaluation are split by story. Each category
gets its share of the full file's headlines, in bytes, and fills it with its smallest stories:
the headlines of one story are near-copies, so many small stories teach and test more than a few
large ones of the same size. Stories of one size are taken in the order of a seeded hash. Rows
stay byte for byte as they are and in their order. The same input gives the same bytes on every
machine.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = 8
CATEGORY, STORY = 4, 5


@dataclass(frozen=True)
class Row:
    """One line of the file, untouched, with what the choice looks at."""

    line: bytes
    category: str
    story: str


def main(arguments: Sequence[str]) -> int:
    """Reads, chooses, writes and prints the counts that the data's README quotes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--most-bytes", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rows = read_rows(options.source)
    chosen = choose(rows, options.most_bytes, options.seed)
    options.target.write_bytes(b"".join(row.line for row in chosen))
    print(f"of {describe(rows)}")
    print(f"chose {describe(chosen)}")
    return 0


def read_rows(source: Path) -> list[Row]:
    """Reads the file, plain or packed with xz; a row of another width is an error."""
    packed = source.suffix == ".xz"
    content = lzma.decompress(source.read_bytes()) if packed else source.read_bytes()
    rows = []
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        cells = line.decode("utf-8").rstrip("\r\n").split("\t")
        if len(cells) != COLUMNS:
            raise SystemExit(f"{source}:{number}: {len(cells)} columns instead of {COLUMNS}")
        rows.append(Row(line, cells[CATEGORY], cells[STORY]))
    return rows


def choose(rows: Sequence[Row], most_bytes: int, seed: int) -> list[Row]:
    """Chooses whole stories; the result is in the order of the input and within `most_bytes`."""
    size_of: Counter[str] = Counter()
    count_of: Counter[str] = Counter()
    stories: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        size_of[row.story] += len(row.line)
        count_of[row.story] += 1
        stories[row.category].add(row.story)
    shares = Counter(row.category for row in rows)
    chosen: set[str] = set()
    for category, members in sorted(stories.items()):
        budget = most_bytes * shares[category] // len(rows)
        for story in sorted(members, key=lambda story: (count_of[story], _rank(seed, story))):
            if size_of[story] > budget:
                break
            budget -= size_of[story]
            chosen.add(story)
    return [row for row in rows if row.story in chosen]


def describe(rows: Sequence[Row]) -> str:
    """Counts bytes, headlines, stories and categories in one line."""
    size = sum(len(row.line) for row in rows)
    headlines = Counter(row.category for row in rows)
    stories = {(row.category, row.story) for row in rows}
    per_category = Counter(category for category, _ in stories)
    parts = ", ".join(
        f"{name}: {headlines[name]} in {per_category[name]} stories" for name in sorted(headlines)
    )
    return f"{size} bytes, {len(rows)} headlines, {len(stories)} stories ({parts})"


def _rank(seed: int, story: str) -> str:
    return hashlib.sha256(f"{seed}:{story}".encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
