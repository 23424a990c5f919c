"""Lines on standard output while training runs.

They serve people who watch and the metric regexes that read them: `name=value` pairs, flushed.
The lines of the reference project are printed too, in its own words and at its own intervals, so
that regexes written for it still match.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from transformers.trainer_callback import TrainerCallback

from headlines.metrics import Evaluation, Floats
from headlines.processes import say

# A watcher should never wonder whether it still runs.
SECONDS_BETWEEN_LINES = 4.0
# Lines come at fixed steps too, so that two runs print comparable values.
LINES_PER_RUN = 20
# The loss of one batch jumps; a line shows the mean of so many.
WINDOW = 20
REFERENCE_TRAIN_INTERVAL = 5000
REFERENCE_TEST_INTERVAL = 1000


class Progress(TrainerCallback):  # type: ignore[misc]
    """Follows a Trainer and tells how far it is."""

    def __init__(self, test_batches: int) -> None:
        """Starts the clock."""
        self.last_evaluation: Evaluation | None = None
        self.epoch_loss = 0.0
        """Mean over the batches of the last epoch, or of the part since a resume; in nats."""
        self.headlines_seen = 0
        """Trained on by this process."""
        self._test_batches = test_batches
        self._test_batch = 0
        self._recent: deque[Any] = deque(maxlen=WINDOW)
        self._last_line = time.monotonic()
        self._start_epoch()

    def note_batch(self, loss: Any, hits: Any, size: int) -> None:
        """Adds one training batch; tensors stay on their device until a line needs them."""
        self._recent.append(loss)
        self._loss_sum += loss
        self._hits += hits
        self._seen += size
        self.headlines_seen += size
        self._batches += 1

    def note_evaluation(self, evaluation: Evaluation, row_losses: Floats, hits: Any) -> None:
        """Keeps the result of the validation side and prints its lines."""
        self.last_evaluation = evaluation
        size = max(1, -(-len(row_losses) // self._test_batches))
        for batch in range(0, self._test_batches, REFERENCE_TEST_INTERVAL):
            rows = min(len(row_losses), (batch + 1) * size)
            say(f"Validation loss per 1000 steps: {row_losses[:rows].mean():.6f}")
            say(f"Validation accuracy per 1000 steps: {100 * hits[:rows].mean():.4f}")

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Prints a line when one is due."""
        step, steps = state.global_step, state.max_steps
        if step == 1 or step % REFERENCE_TRAIN_INTERVAL == 0:
            say(f"Training loss per 5000 steps: {self._epoch_loss():.6f}")
            say(f"Training Accuracy per 5000 steps: {self._epoch_accuracy():.4f}")
        regular = step % max(1, steps // LINES_PER_RUN) == 0
        if step in (1, steps) or regular or self._overdue():
            loss = sum(float(value) for value in self._recent) / len(self._recent)
            self._say(f"step={step}/{steps} train_loss={loss:.4f}")

    def on_prediction_step(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Prints a line when the evaluation takes long."""
        batches = len(rest["eval_dataloader"])
        # One evaluation follows another: after the last batch comes a first one.
        self._test_batch = self._test_batch % batches + 1
        if self._overdue():
            self._say(f"evaluating={self._test_batch}/{batches}")

    def on_epoch_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Prints the averages of the epoch in the reference project's words."""
        say(f"Training Loss Epoch: {self._epoch_loss():.6f}")
        say(f"Training accuracy Epoch: {self._epoch_accuracy():.4f}")
        self.epoch_loss = self._epoch_loss()
        self._start_epoch()

    def on_evaluate(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Prints the result after an epoch."""
        evaluation = self.last_evaluation
        if evaluation is None:
            raise RuntimeError("the Trainer reported an evaluation that it had not measured")
        epoch = round(state.epoch)
        say(f"Validation loss per Epoch: {evaluation.loss:.6f} at epoch {epoch}")
        say(f"Validation accuracy epoch: {100 * evaluation.accuracy:.4f} at epoch {epoch}")

    def _start_epoch(self) -> None:
        self._loss_sum: Any = 0.0
        self._hits: Any = 0
        self._seen = 0
        self._batches = 0

    def _epoch_loss(self) -> float:
        return float(self._loss_sum) / max(1, self._batches)

    def _epoch_accuracy(self) -> float:
        return 100 * float(self._hits) / max(1, self._seen)

    def _overdue(self) -> bool:
        return time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES

    def _say(self, line: str) -> None:
        self._last_line = time.monotonic()
        say(line)
