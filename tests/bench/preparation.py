"""Measures how long the full data set takes to be prepared for training, and in how much memory.

Each run is a process of its own, whose peak is its own: it reads the file, drops and counts, removes
copies and splits, as `train.py` does before it loads a model. The last lines say what the split is
worth: one bag-of-words classifier under the split by story and under a split by rows.

    <python of the local environment> tests/bench/preparation.py newsCorpora.csv
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "training-code" / "src"
sys.path.insert(0, str(SOURCE))

import train
from headlines import baseline
from headlines.data import read_headlines
from headlines.preparation import prepare
from headlines.settings import Settings


def once(file: Path) -> dict[str, float]:
    """Prepares the file and gives seconds of wall and processor time and the peak in MiB."""
    wall, processor = time.perf_counter(), time.process_time()
    train.split_headlines(prepare(read_headlines(file, 0.01)), Settings())
    return {
        "seconds": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def compare_splits(file: Path) -> None:
    """Prints what the baseline reaches under each split."""
    settings = Settings()
    reading = read_headlines(file, 0.01)
    preparation = prepare(reading)
    split = train.split_headlines(preparation, settings)
    print("\n".join([*preparation.lines(), train.describe(split)]))
    rows = baseline.measure_by_rows(
        reading.headlines, settings.test_fraction, len(split.train), settings.seed
    )
    scores = {
        "stories": baseline.measure_by_story(split),
        "newest stories": baseline.measure(split.train, split.newest),
        "rows (leaks)": rows,
    }
    for name, score in scores.items():
        print(f"bag of words by {name:<15} accuracy={score.accuracy:.4f} macro_f1={score.macro_f1:.4f}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--once", action="store_true", help="what the runs are made of")
    options = parser.parse_args()
    if options.once:
        print(json.dumps(once(options.file)))
        return
    command = [sys.executable, __file__, str(options.file), "--once"]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(options.runs)]
    for name, unit in (("seconds", "s"), ("processor", "s"), ("peak", "MiB")):
        values = [run[name] for run in runs]
        print(f"{name:<10} median {statistics.median(values):8.2f} {unit}, most {max(values):8.2f} {unit}")
    compare_splits(options.file)


if __name__ == "__main__":
    main()
