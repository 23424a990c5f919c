"""Steers a Trainer: when to save, when to measure, when to end."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.trainer_callback import TrainerCallback

from headlines import processes
from headlines.checkpoints import EVALUATION, Checkpoints, History, history_of
from headlines.encoding import GroupedByLength
from headlines.processes import say
from headlines.progress import Progress
from headlines.settings import Settings

# Several processes must stop at the same step, so they ask each other, but not at every one.
STEPS_BETWEEN_QUESTIONS = 10
GO_ON, TIME_IS_UP, STOP = 0, 1, 2


class Interrupted(Exception):
    """The platform asked the run to end; a later one goes on from the last checkpoint."""


class StopSignal:
    """Notes SIGTERM, which the platform sends two minutes before it kills."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.received = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Notes the signal instead of dying of it."""
        before = signal.signal(signal.SIGTERM, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def raise_if_received(self) -> None:
        """Ends the run with `Interrupted` when the signal has come."""
        if self.received:
            raise Interrupted

    def _note(self, *_: object) -> None:
        self.received = True


def ended_early(history: History, patience: int) -> bool:
    """Tells whether the last `patience` evaluations brought no better macro-F1."""
    if not patience or not history:
        return False
    scores = [entry["eval_macro_f1"] for entry in history]
    return len(scores) - 1 - scores.index(max(scores)) >= patience


class Course(TrainerCallback):  # type: ignore[misc]
    """Saves every N steps and after each epoch's evaluation; ends early for any of three causes."""

    def __init__(
        self,
        settings: Settings,
        sampler: GroupedByLength,
        checkpoints: Checkpoints,
        progress: Progress,
        stop: StopSignal,
    ) -> None:
        """Starts the clock that `max_train_seconds` is measured by."""
        self.training_seconds = 0.0
        """Time in steps alone, evaluations and all else left out."""
        self._settings = settings
        self._sampler = sampler
        self._checkpoints = checkpoints
        self._progress = progress
        self._stop = stop
        self._begin = time.monotonic()
        self._epoch_begin = self._begin

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Tells the sampler which epoch's order is due, also in the middle of one."""
        self._sampler.epoch = int(state.epoch + 1e-6)
        self._epoch_begin = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Asks for a checkpoint or the end when it is due."""
        step = state.global_step
        # There the evaluation is still to come, and a checkpoint before it would skip it.
        last_of_epoch = float(state.epoch).is_integer()
        verdict = self._verdict(step)
        if verdict:
            control.should_training_stop = True
            control.should_save = verdict == STOP and not last_of_epoch
        elif step % self._settings.checkpoint_steps == 0 and not last_of_epoch:
            control.should_save = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Has the epoch measured and saved, whether it was whole or not."""
        self.training_seconds += time.monotonic() - self._epoch_begin
        self._stop.raise_if_received()
        control.should_evaluate = True
        control.should_save = True

    def on_prediction_step(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Does not finish an evaluation that may take longer than the platform waits."""
        self._stop.raise_if_received()

    def on_evaluate(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Writes the evaluation into the log that travels with the checkpoints, and judges it."""
        evaluation = self._progress.last_evaluation
        if evaluation is None:
            raise RuntimeError("the Trainer reported an evaluation that it had not measured")
        entry = {
            "epoch": round(state.epoch, 3),
            "step": state.global_step,
            "train_loss": round(self._progress.epoch_loss, 6),
            "eval_loss": evaluation.loss,
            "eval_accuracy": evaluation.accuracy,
            "eval_macro_f1": evaluation.macro_f1,
            "seconds": round(time.monotonic() - self._begin, 1),
        }
        state.log_history.append({EVALUATION: entry})
        say(
            f"epoch={entry['epoch']:g} validation_loss={evaluation.loss:.4f} "
            f"validation_accuracy={evaluation.accuracy:.4f} "
            f"validation_macro_f1={evaluation.macro_f1:.4f}"
        )
        if ended_early(history_of(state.log_history), self._settings.patience):
            say(f"ending=early epochs_without_improvement={self._settings.patience}")
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Marks the checkpoint whole and deletes those that nothing needs any more."""
        self._checkpoints.finish(state.global_step, history_of(state.log_history))
        say(f"checkpoint=saved step={state.global_step}")

    def _verdict(self, step: int) -> int:
        if processes.world_size() > 1 and step % STEPS_BETWEEN_QUESTIONS:
            return GO_ON
        limit = self._settings.max_train_seconds
        late = bool(limit) and time.monotonic() - self._begin >= limit
        mine = STOP if self._stop.received else TIME_IS_UP if late else GO_ON
        verdict = processes.highest(mine)
        if verdict == TIME_IS_UP:
            say(f"ending=time max_train_seconds={limit} step={step}")
        self._stop.received |= verdict == STOP
        return verdict
