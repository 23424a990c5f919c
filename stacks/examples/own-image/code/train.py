"""Counts the stems of words in each class: a classifier by naive Bayes, in a few lines.

Reads the one file of the train channel as `data.format` of the stack file says, which comes in the
variable DATA_FORMAT, and leaves a model folder with the counts and the code that serves them.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from pathlib import Path

import inference

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
TESTED = 0.2


def main() -> None:
    """Trains, measures on a part that it has not seen, and saves."""
    layout = json.loads(os.environ["DATA_FORMAT"])
    (path,) = (BASE / "input/data/train").iterdir()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter=layout["separator"]))[int(layout["header"]) :]
    random.Random(42).shuffle(rows)
    pairs = [(row[layout["text"]], row[layout["label"]]) for row in rows]
    tests = int(len(pairs) * TESTED)
    labels = dict(layout["classes"])
    model = {
        label: inference.counted([text for text, name in pairs[tests:] if name == code])
        for code, label in labels.items()
    }
    hits = [inference.best(text, model) == labels[name] for text, name in pairs[:tests]]
    print(f"eval_accuracy={sum(hits) / len(hits):.4f}", flush=True)

    target = BASE / "model"
    (target / "code").mkdir(parents=True, exist_ok=True)
    (target / "counts.json").write_text(json.dumps(model), encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("inference.py"), target / "code/inference.py")


if __name__ == "__main__":
    main()
