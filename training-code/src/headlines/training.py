"""Fine-tunes a base model on headlines and predicts the test side.

`transformers`' Trainer does the work; this file tells it what the settings mean in whatever
version is installed, and turns its silence into the lines of `progress`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments, logging, set_seed
from transformers.trainer_callback import PrinterCallback

from headlines.base_model import BaseModel
from headlines.data import LABELS, Headline
from headlines.metrics import Evaluation, evaluate, losses
from headlines.progress import Progress
from headlines.settings import Settings
from headlines.split import Split

# Prediction keeps no gradients, so a larger batch than in training fits.
TEST_BATCH_SIZE = 128


@dataclass(frozen=True)
class Outcome:
    """The trained network and what it reached on stories it never saw."""

    model: Any
    evaluation: Evaluation
    steps: int


def prepare(seed: int) -> None:
    """Seeds every generator and hushes advice that is not about this run.

    Comes before the base model is made: the seed decides its random weights.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    set_seed(seed)


def train(base: BaseModel, split: Split, settings: Settings, scratch: str) -> Outcome:
    """Trains for the given epochs, evaluating after each; the last one's result counts.

    The test side only measures: no epoch is chosen by it. `scratch` is a folder that the Trainer
    may write to.
    """
    train_set = EncodedHeadlines(split.train, base.tokenizer, settings.max_length)
    test_set = EncodedHeadlines(split.test, base.tokenizer, settings.max_length)
    progress = Progress(settings.epochs, math.ceil(len(test_set) / TEST_BATCH_SIZE))
    trainer = WatchedTrainer(
        progress=progress,
        model=base.model,
        args=training_arguments(settings, len(train_set), scratch),
        train_dataset=train_set,
        eval_dataset=test_set,
        data_collator=DataCollatorWithPadding(base.tokenizer),
        callbacks=[progress],
        compute_metrics=lambda prediction: {"accuracy": _measure(prediction, progress)},
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    evaluation = progress.last_evaluation
    if evaluation is None:
        raise RuntimeError("the Trainer ended without its evaluation after the last epoch")
    return Outcome(trainer.model, evaluation, trainer.state.global_step)


class EncodedHeadlines(Dataset[dict[str, Any]]):
    """Headlines as token ids, cut to the longest allowed length and not yet padded."""

    def __init__(self, headlines: Sequence[Headline], tokenizer: Any, max_length: int) -> None:
        """Encodes all headlines at once."""
        titles = [headline.title for headline in headlines]
        encoded = tokenizer(titles, truncation=True, max_length=max_length, padding=False)
        self._ids: list[list[int]] = encoded["input_ids"]
        self._labels = [headline.label for headline in headlines]

    def __len__(self) -> int:
        """Counts the headlines."""
        return len(self._ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Gives one headline as the data collator wants it."""
        ids = self._ids[index]
        return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": self._labels[index]}


class WatchedTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that shows the loss and the hits of every training batch to `Progress`."""

    def __init__(self, progress: Progress, **arguments: Any) -> None:
        """Passes everything but `progress` on."""
        super().__init__(**arguments)
        self._progress = progress

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, **rest: Any
    ) -> Any:
        """Computes the loss as the Trainer does and notes it while training."""
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True, **rest)
        if model.training:
            hits = (outputs["logits"].detach().argmax(dim=-1) == inputs["labels"]).sum()
            self._progress.note_batch(loss.detach(), hits, len(inputs["labels"]))
        return (loss, outputs) if return_outputs else loss


def training_arguments(settings: Settings, headlines: int, scratch: str) -> TrainingArguments:
    """Says the settings in the words of the installed version of transformers."""
    known = {field.name for field in fields(TrainingArguments)}
    steps = math.ceil(headlines / settings.batch_size) * settings.epochs
    # Version 5 renamed the switch. Headlines of like length share a batch: less padding.
    grouping = (
        {"train_sampling_strategy": "group_by_length"}
        if "train_sampling_strategy" in known
        else {"group_by_length": True}
    )
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=TEST_BATCH_SIZE,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(steps * settings.warmup_fraction),
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        data_seed=settings.seed,
        fp16=torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        eval_strategy="epoch",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        **grouping,
    )


def _measure(prediction: Any, progress: Progress) -> float:
    logits = np.asarray(prediction.predictions, dtype=np.float64)
    truth = np.asarray(prediction.label_ids, dtype=np.int64)
    evaluation = evaluate(logits, truth, LABELS)
    progress.note_evaluation(evaluation, losses(logits, truth), logits.argmax(axis=1) == truth)
    return evaluation.accuracy
