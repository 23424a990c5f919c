"""Measures headlines a second in training, against the reference project's recipe.

Both train the same network (MiniLM-L6) on the same headlines with the same libraries, on this machine
and in one run. A window of the one follows a window of the other, so that what else the machine does
falls on both; the medians are compared.

* reference: batches of 4, each headline padded to 512 tokens, 32-bit floats, Adam, a head on the first
  token of its own (as in the course project that many copy);
* ours: `train.py`'s own Trainer, with batches of like length, padded to their longest headline. Once
  with 32-bit floats, once with what `precision=auto` takes here.

On a GPU both compute there; its windows have more steps, since a step takes milliseconds.

    <python of the local environment> tests/bench/training.py [--batch-size 32 256]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training-code" / "src"))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import TrainerCallback

from headlines import training
from headlines.base_model import load_base_model
from headlines.checkpoints import Checkpoints
from headlines.course import StopSignal
from headlines.data import LABELS, Headline, read_headlines
from headlines.preparation import prepare
from headlines.settings import Settings
from headlines.split import Fractions, Split, split_by_story

DATA = ROOT / "stacks" / "news-classifier" / "data" / "headlines.csv"
REFERENCE_BATCH, REFERENCE_LENGTH, REFERENCE_RATE = 4, 512, 1e-5
ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
OUR_STEPS, REFERENCE_STEPS = (60, 40) if ON_GPU else (6, 2)


def now() -> float:
    """Gives the time in seconds after all that was asked of the device is computed."""
    if ON_GPU:
        torch.cuda.synchronize()
    return time.perf_counter()


class ReferenceNetwork(torch.nn.Module):
    """The encoder with the reference project's head."""

    def __init__(self, encoder: torch.nn.Module, width: int) -> None:
        super().__init__()
        self.l1 = encoder
        self.pre_classifier = torch.nn.Linear(width, width)
        self.dropout = torch.nn.Dropout(0.3)
        self.classifier = torch.nn.Linear(width, len(LABELS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        first = self.l1(input_ids=ids, attention_mask=mask)[0][:, 0]
        return self.classifier(self.dropout(torch.relu(self.pre_classifier(first))))


class Reference:
    """The reference project's training loop, a few steps at a time."""

    def __init__(self, headlines: list[Headline], base_model: str) -> None:
        base = load_base_model(Settings(base_model=base_model, max_length=512), LABELS)
        self._tokenizer = base.tokenizer
        network = ReferenceNetwork(base.model.distilbert, base.model.config.dim)
        self._network = network.to(DEVICE).train()
        self._adam = torch.optim.Adam(self._network.parameters(), lr=REFERENCE_RATE)
        self._headlines: Iterator[Headline] = itertools.cycle(headlines)

    def window(self) -> float:
        """Trains some steps and gives headlines a second."""
        begin = now()
        for _ in range(REFERENCE_STEPS):
            batch = [next(self._headlines) for _ in range(REFERENCE_BATCH)]
            encoded = self._tokenizer(
                [headline.title for headline in batch],
                max_length=REFERENCE_LENGTH,
                padding="max_length",
                truncation=True,
                return_tensors="pt",
            )
            encoded = encoded.to(DEVICE)
            labels = torch.tensor([headline.label for headline in batch], device=DEVICE)
            found = self._network(encoded["input_ids"], encoded["attention_mask"])
            loss = torch.nn.functional.cross_entropy(found, labels)
            self._adam.zero_grad()
            loss.backward()
            self._adam.step()
        return REFERENCE_STEPS * REFERENCE_BATCH / (now() - begin)


class Enough(Exception):
    """All windows are measured."""


class Alternating(TrainerCallback):
    """Measures windows of the Trainer that it watches, and one of the reference after each."""

    def __init__(self, reference: Reference, windows: int, batch_size: int) -> None:
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self._reference = reference
        self._windows = windows
        self._headlines = OUR_STEPS * batch_size
        self._begin: float | None = None

    def on_step_end(self, args: object, state: object, control: object, **rest: object) -> None:
        if state.global_step % OUR_STEPS:
            return
        # The first window warms both up.
        if self._begin is not None:
            self.ours.append(self._headlines / (now() - self._begin))
        speed = self._reference.window()
        if self._begin is not None:
            self.theirs.append(speed)
        if len(self.ours) == self._windows:
            raise Enough
        self._begin = now()


def measure(split: Split, settings: Settings, windows: int) -> Alternating:
    """Trains with one precision and batch size and gives the speeds of both."""
    training.prepare(settings.seed)
    base = load_base_model(settings, LABELS)
    reference = Reference(split.train, settings.base_model)
    watch = Alternating(reference, windows, settings.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        run = training.Run(base, split, settings, Checkpoints(Path(folder)), StopSignal())
        run.trainer.add_callback(watch)
        with contextlib.suppress(Enough), contextlib.redirect_stdout(io.StringIO()):
            run.train()
    return watch


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--windows", type=int, default=7)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--base-model", default="minilm-l6", help="of both, as in the settings")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[32], help="ours")
    options = parser.parse_args()
    headlines = prepare(read_headlines(options.data)).headlines
    split = split_by_story(headlines, Fractions(0.2, 0.1, 0.1), 42)
    print(
        f"device {training.device_name()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}; {options.windows} windows of {OUR_STEPS} of our steps "
        f"and {REFERENCE_STEPS} of the reference's"
    )
    head = "headlines a second"
    print(f"{head:<28} {'median':>8} {'min':>8} {'max':>8} {'reference':>10} {'ratio':>7}")
    precisions = dict.fromkeys(("fp32", training.precision("auto")))
    for size, precision in itertools.product(options.batch_size, precisions):
        settings = Settings(
            base_model=options.base_model,
            batch_size=size,
            precision=precision,
            learning_rate=1e-4,
            epochs=100,
        )
        found = measure(split, settings, options.windows)
        ours, theirs = statistics.median(found.ours), statistics.median(found.theirs)
        print(
            f"{f'ours, batch {size}, {precision}':<28} {ours:>8.1f} {min(found.ours):>8.1f} "
            f"{max(found.ours):>8.1f} {theirs:>10.2f} {ours / theirs:>6.1f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
