"""When a run saves and ends, without a Trainer."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headlines import course
from headlines.checkpoints import Checkpoints
from headlines.course import Course, Interrupted, StopSignal
from headlines.encoding import GroupedByLength
from headlines.progress import Progress
from headlines.settings import Settings


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(course, "time", clock)
    return clock


def new_course(folder: Path, stop: StopSignal, **settings: Any) -> Course:
    sampler = GroupedByLength(np.ones(4, dtype=np.int64), 2, 1)
    return Course(Settings(**settings), sampler, Checkpoints(folder), Progress(1), stop)


def after_step(steered: Course, step: int, steps_per_epoch: int = 10) -> tuple[bool, bool]:
    """Tells whether a checkpoint and whether the end is asked for."""
    state = SimpleNamespace(global_step=step, epoch=step / steps_per_epoch)
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    steered.on_step_end(None, state, control)
    return control.should_save, control.should_training_stop


def test_checkpoints_come_every_n_steps_but_not_before_an_evaluation(tmp_path: Path) -> None:
    steered = new_course(tmp_path, StopSignal(), checkpoint_steps=5)
    saved = [step for step in range(1, 21) if after_step(steered, step)[0]]
    assert saved == [5, 15]


def test_the_time_limit_ends_training_and_leaves_the_saving_to_the_epochs_end(
    tmp_path: Path, clock: Clock
) -> None:
    steered = new_course(tmp_path, StopSignal(), max_train_seconds=60)
    clock.now = 59
    assert after_step(steered, 3) == (False, False)
    clock.now = 60
    assert after_step(steered, 4) == (False, True)
    control = SimpleNamespace(should_evaluate=False, should_save=False)
    steered.on_epoch_end(None, None, control)
    assert control.should_evaluate and control.should_save
    assert steered.training_seconds == 60


def test_a_stop_saves_at_once_and_measures_nothing(tmp_path: Path) -> None:
    stop = StopSignal()
    steered = new_course(tmp_path, stop)
    stop.received = True
    assert after_step(steered, 3) == (True, True)
    # At an epoch's last step the checkpoint would pass the evaluation over.
    assert after_step(steered, 10) == (False, True)
    for hook in (steered.on_epoch_end, steered.on_prediction_step):
        with pytest.raises(Interrupted):
            hook(None, None, None)
