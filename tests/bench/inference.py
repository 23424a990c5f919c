"""Measures the serving handler against the code of the course project that this one set out from.

That code loads its tokenizer again for every request, moves the model to its device each time, and
gives one label to whatever it gets, so that a batch is one request a headline. It is written again
here from its description. It would also ask the Hub for the tokenizer, which is left out: both
sides read one folder, with the same weights, in one process, on as many threads, by turns.

    nice <python of the group `test`> tests/bench/inference.py

Prints the medians of whole requests, from the bytes of the body to the text of the answer. On a
machine that does other work, the time of the processor is the one to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training-code" / "src"))
os.environ["HF_HUB_OFFLINE"] = "1"

import inference  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from headlines.base_model import load_base_model  # noqa: E402
from headlines.data import LABELS  # noqa: E402
from headlines.settings import Settings  # noqa: E402

JSON = "application/json"
AIM = 5


class Reference:
    """The request handling of the course project."""

    def __init__(self, folder: Path, model: Any) -> None:
        self._folder = folder
        self._model = model

    def answer(self, body: bytes) -> str:
        """Answers one request for one headline."""
        text = json.loads(body)["inputs"]
        tokenizer = transformers.DistilBertTokenizer.from_pretrained(self._folder)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model.to(device)
        self._model.eval()
        encoded = tokenizer(text, return_tensors="pt").to(device)
        with torch.no_grad():
            logits = self._model(encoded["input_ids"], encoded["attention_mask"]).logits
        probabilities = torch.softmax(logits, dim=1).cpu().numpy()
        label = LABELS[probabilities.argmax(axis=1)[0]]
        return json.dumps({"predicted_label": label, "probabilities": probabilities.tolist()})

    def answer_all(self, bodies: list[bytes]) -> list[str]:
        """Answers a batch the only way that gives every headline its label."""
        return [self.answer(body) for body in bodies]


def handler(model: Any, body: bytes) -> str:
    """Answers one request as the toolkit has the handler do it."""
    return inference.output_fn(inference.predict_fn(inference.input_fn(body, JSON), model), JSON)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Gives the milliseconds that a call takes, by the clock and of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - start) * 1000, (time.process_time() - busy) * 1000


def headlines(count: int) -> list[str]:
    """Gives the first titles of the sample."""
    sample = next(ROOT.glob("stacks/*/data/headlines.csv"))
    with sample.open(encoding="utf-8") as lines:
        return [line.split("\t")[1] for line, _ in zip(lines, range(count), strict=False)]


def save(base: str, folder: Path) -> None:
    """Saves a model as training would; its answers are random and take as long as good ones."""
    loaded = load_base_model(Settings(base_model=base), LABELS)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)


def compare(size: int, runs: int, reference: Reference, model: Any) -> float:
    """Prints one line, and gives how many times less processor time the handler takes."""
    titles = headlines(size)
    singles = [json.dumps({"inputs": title}).encode() for title in titles]
    whole = singles[0] if size == 1 else json.dumps({"inputs": titles}).encode()
    pairs = [
        (timed(lambda: reference.answer_all(singles)), timed(lambda: handler(model, whole)))
        for _ in range(runs + 1)
    ]
    # The first one warms up.
    theirs, ours = (
        [statistics.median(times) for times in zip(*side, strict=True)]
        for side in zip(*pairs[1:], strict=True)
    )
    ratios = [slow / fast for slow, fast in zip(theirs, ours, strict=True)]
    print(
        f"{size:>9} {runs:>5} {theirs[0]:>13.1f} {ours[0]:>11.1f} {ratios[0]:>7.1f}x"
        f" {theirs[1]:>13.1f} {ours[1]:>11.1f} {ratios[1]:>7.1f}x",
        flush=True,
    )
    return ratios[1]


def check(reference: Reference, model: Any) -> None:
    """Ends the benchmark when the two sides do not compute the same."""
    body = json.dumps({"inputs": headlines(1)[0]}).encode()
    one, other = json.loads(reference.answer(body)), json.loads(handler(model, body))
    pairs = zip(one["probabilities"][0], other["probabilities"][0], strict=True)
    if any(abs(left - right) > 1e-4 for left, right in pairs):
        sys.exit(f"the answers differ: {one} and {other}")


def main() -> None:
    """Runs the comparison."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base-model", default="minilm-l6", help="minilm-l6 or tiny-random")
    options.add_argument("--runs", type=int, default=20)
    chosen = options.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(42)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        save(chosen.base_model, folder)
        model = inference.model_fn(str(folder))
        reference = Reference(folder, model.model)
        check(reference, model)
        print(
            f"{chosen.base_model} on {model.device}, threads {torch.get_num_threads()} of "
            f"{os.cpu_count()}, {platform.machine()}, torch {torch.__version__}, "
            f"transformers {transformers.__version__}"
        )
        print(f"{'':>15} {'milliseconds by the clock':>34} {'of the processor':>34}")
        columns = f"{'reference':>13} {'handler':>11} {'ratio':>8}"
        print(f"{'headlines':>9} {'runs':>5} {columns} {columns}")
        ratios = [compare(size, chosen.runs, reference, model) for size in (1, 8, 64)]
    print(f"aim: {AIM}x; {'reached' if min(ratios) >= AIM else 'missed'}")


if __name__ == "__main__":
    main()
