"""Fine-tunes a base model on headlines and predicts the test sides.

`transformers`' Trainer does the work: `course` steers it, `checkpoints` keep it, `progress` turns
its silence into lines. This file says the settings in the Trainer's words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Sampler
from transformers import Trainer, TrainingArguments, logging, set_seed
from transformers.trainer_callback import PrinterCallback

from headlines import compat, processes
from headlines.base_model import BaseModel
from headlines.checkpoints import STATE, WEIGHTS, Checkpoints, History, Saved, best_of, history_of
from headlines.course import Course, StopSignal, ended_early
from headlines.data import Headline
from headlines.encoding import EncodedHeadlines, GroupedByLength, Padded
from headlines.metrics import Floats, Integers, evaluate, losses
from headlines.processes import say
from headlines.progress import Progress
from headlines.settings import Settings
from headlines.split import Split

# Prediction keeps no gradients, so a larger batch than in training fits.
TEST_BATCH_SIZE = 128


@dataclass(frozen=True)
class Prediction:
    """Raw outputs, one row a headline, beside the true labels and the headlines themselves."""

    logits: Floats
    truth: Integers
    headlines: list[Headline]


@dataclass(frozen=True)
class Outcome:
    """The network of the best epoch, how it came about, and what it says of unseen headlines."""

    model: Any
    history: History
    steps: int
    resumed_from: int | None
    headlines_per_second: float | None
    """Of this run's steps, on all processes; `None` when it only measured."""
    test: Prediction
    newest: Prediction | None


def prepare(seed: int) -> None:
    """Seeds every generator and hushes advice that is not about this run.

    Comes before the base model is made: the seed decides its random weights.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    compat.allow_saved_states()
    set_seed(seed)
    if torch.cuda.is_available():
        compat.compute_alike_on_gpu()


def train(base: BaseModel, split: Split, settings: Settings, checkpoints: Checkpoints) -> Outcome:
    """Trains from the last checkpoint on, keeps the best epoch and predicts the test sides.

    The validation side chooses the epoch; the test sides only measure. Raises `Interrupted` when
    the platform ends the run, after saving a checkpoint.
    """
    stop = StopSignal()
    with stop.watched():
        run = Run(base, split, settings, checkpoints, stop)
        saved = run.train()
        history = history_of(run.trainer.state.log_history)
        run.load(checkpoints.path(best_of(history)["step"]))
        test = run.predict(split.test)
        newest = run.predict(split.newest) if split.newest else None
    processes.part()
    return Outcome(
        model=run.trainer.model,
        history=history,
        steps=run.trainer.state.global_step,
        resumed_from=saved.step if saved else None,
        headlines_per_second=run.headlines_per_second(),
        test=test,
        newest=newest,
    )


class Run:
    """A Trainer with all that belongs to it."""

    def __init__(
        self,
        base: BaseModel,
        split: Split,
        settings: Settings,
        checkpoints: Checkpoints,
        stop: StopSignal,
    ) -> None:
        """Encodes the headlines and puts the Trainer together."""
        self._base = base
        self._labels = split.labels
        self._settings = settings
        self._checkpoints = checkpoints
        train_set = self._encoded(split.train)
        validation_set = self._encoded(split.validation)
        group = settings.batch_size * processes.world_size()
        sampler = GroupedByLength(train_set.lengths, group, settings.seed)
        self._steps = math.ceil(len(train_set) / group) * settings.epochs
        self._progress = Progress(math.ceil(len(validation_set) / TEST_BATCH_SIZE))
        self._course = Course(settings, sampler, checkpoints, self._progress, stop)
        self.trainer = WatchedTrainer(
            progress=self._progress,
            sampler=sampler,
            class_weights=class_weights(split.train, settings.class_weights, len(split.labels)),
            model=base.model,
            args=training_arguments(settings, self._steps, checkpoints.folder),
            train_dataset=train_set,
            eval_dataset=validation_set,
            data_collator=Padded(base.tokenizer.pad_token_id),
            callbacks=[self._progress, self._course],
            compute_metrics=self._measure,
        )
        self.trainer.remove_callback(PrinterCallback)

    def train(self) -> Saved | None:
        """Trains what is left to train, and gives the checkpoint that it began from."""
        saved = processes.from_first(self._checkpoints.latest())
        if saved is not None:
            say(f"checkpoint=resumed step={saved.step}")
        if saved is not None and self._is_over(saved):
            state = json.loads((saved.path / STATE).read_text(encoding="utf-8"))
            self.trainer.state.log_history = state["log_history"]
            self.trainer.state.global_step = saved.step
        else:
            self.trainer.train(resume_from_checkpoint=str(saved.path) if saved else None)
        return saved

    def load(self, checkpoint: Path) -> None:
        """Takes the weights of a checkpoint, which may be on the first host only."""
        from safetensors.torch import load_file

        model = self.trainer.model
        if processes.is_first():
            model.load_state_dict(load_file(checkpoint / WEIGHTS))
        if processes.world_size() > 1:
            for tensor in model.state_dict().values():
                torch.distributed.broadcast(tensor, src=0)

    def predict(self, headlines: Sequence[Headline]) -> Prediction:
        """Predicts headlines, shortest first, since neighbours of like length need less padding."""
        ordered = sorted(headlines, key=lambda headline: len(headline.title))
        # The lines about validation must not be printed for the test sides.
        self.trainer.compute_metrics = None
        found = self.trainer.predict(self._encoded(ordered))
        return Prediction(*_arrays(found), ordered)

    def headlines_per_second(self) -> float | None:
        """Gives the speed of the steps alone, without evaluations."""
        if not self._course.training_seconds:
            return None
        seen = self._progress.headlines_seen * processes.world_size()
        return seen / self._course.training_seconds

    def _encoded(self, headlines: Sequence[Headline]) -> EncodedHeadlines:
        return EncodedHeadlines(headlines, self._base.tokenizer, self._settings.max_length)

    def _is_over(self, saved: Saved) -> bool:
        return saved.step >= self._steps or ended_early(saved.history, self._settings.patience)

    def _measure(self, prediction: Any) -> dict[str, float]:
        logits, truth = _arrays(prediction)
        evaluation = evaluate(logits, truth, self._labels)
        hits = logits.argmax(axis=1) == truth
        self._progress.note_evaluation(evaluation, losses(logits, truth), hits)
        return {"accuracy": evaluation.accuracy, "macro_f1": evaluation.macro_f1}


class WatchedTrainer(Trainer):  # type: ignore[misc]
    """A Trainer with our order of headlines and our loss, which `Progress` sees."""

    def __init__(
        self,
        progress: Progress,
        sampler: GroupedByLength,
        class_weights: torch.Tensor | None,
        **arguments: Any,
    ) -> None:
        """Passes everything that is not its own on."""
        super().__init__(**arguments)
        self._progress = progress
        self._sampler = sampler
        self._class_weights = class_weights

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, **rest: Any
    ) -> Any:
        """Computes the cross entropy, by class weights if there are any, and notes it in training.

        The versions of transformers scale a model's own loss differently; this one they leave.
        """
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        logits = outputs["logits"].float()
        weights = self._class_weights
        if weights is not None:
            weights = weights.to(logits.device)
        loss = torch.nn.functional.cross_entropy(logits, labels, weight=weights)
        if model.training:
            hits = (logits.detach().argmax(dim=-1) == labels).sum()
            self._progress.note_batch(loss.detach(), hits, len(labels))
        return (loss, outputs) if return_outputs else loss

    def _get_train_sampler(self, *_: Any) -> Sampler[int]:
        return self._sampler


def class_weights(headlines: Sequence[Headline], kind: str, classes: int) -> torch.Tensor | None:
    """Gives one weight a class, with a mean of 1 over the headlines; `none` gives nothing."""
    if kind == "none":
        return None
    counts = np.bincount([headline.label for headline in headlines], minlength=classes)
    return torch.tensor(len(headlines) / (classes * counts), dtype=torch.float32)


def device_name() -> str:
    """Names the kind of device that computes."""
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


def precision(chosen: str) -> str:
    """Resolves `auto`: 16-bit floats where the device computes with them faster and safely."""
    if chosen != "auto":
        return chosen
    if torch.cuda.is_available():
        # Before compute capability 8 (a T4 has 7.5) bf16 is emulated, slowly.
        return "bf16" if torch.cuda.get_device_capability() >= (8, 0) else "fp16"
    return "bf16" if compat.fast_bf16_on_cpu() else "fp32"


def training_arguments(settings: Settings, steps: int, folder: Path) -> TrainingArguments:
    """Says the settings in the words of transformers; saving and measuring is `Course`'s."""
    on_gpu = torch.cuda.is_available()
    floats = precision(settings.precision)
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=TEST_BATCH_SIZE,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(steps * settings.warmup_fraction),
        weight_decay=settings.weight_decay,
        optim=compat.optimizer(on_gpu),
        seed=settings.seed,
        data_seed=settings.seed,
        fp16=floats == "fp16",
        bf16=floats == "bf16",
        use_cpu=not on_gpu,
        ddp_backend=_backend(on_gpu),
        # Every weight takes part in every step.
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=on_gpu,
        # It asks the device for the loss of every step, which waits for the step.
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )


def _backend(on_gpu: bool) -> str | None:
    if processes.world_size() == 1:
        return None
    return "nccl" if on_gpu else "gloo"


def _arrays(prediction: Any) -> tuple[Floats, Integers]:
    logits = np.asarray(prediction.predictions, dtype=np.float64)
    return logits, np.asarray(prediction.label_ids, dtype=np.int64)
