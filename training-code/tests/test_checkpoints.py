"""Which checkpoints are whole, kept and resumed from."""

import json
from pathlib import Path
from typing import Any

import pytest

from headlines.checkpoints import EVALUATION, Checkpoints, History, best_of, folder_for
from headlines.course import ended_early


def entry(step: int, score: float, loss: float = 1.0) -> dict[str, Any]:
    return {"step": step, "eval_macro_f1": score, "eval_loss": loss}


def write(checkpoints: Checkpoints, step: int, history: History) -> None:
    path = checkpoints.path(step)
    path.mkdir(parents=True)
    log = [{"loss": 1.0}, *({EVALUATION: one} for one in history)]
    (path / "trainer_state.json").write_text(json.dumps({"log_history": log}), encoding="utf-8")
    (path / "model.safetensors").write_bytes(b"weights")


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.latest() is None
    history: History = []
    for step, score in ((10, 0.5), (20, 0.9), (30, 0.8), (40, 0.7)):
        history.append(entry(step, score))
        write(checkpoints, step, history)
        checkpoints.finish(step, history)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-20", "checkpoint-40"]
    saved = checkpoints.latest()
    assert saved is not None and saved.step == 40 and saved.history == history


@pytest.mark.parametrize("damage", ["shorter", "absent", "unmarked", "best"])
def test_what_is_not_whole_is_passed_over(tmp_path: Path, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 10, [entry(10, 0.5)])
    checkpoints.finish(10, [entry(10, 0.5)])
    write(checkpoints, 20, [entry(10, 0.5), entry(20, 0.4)])
    checkpoints.finish(20, [entry(10, 0.5), entry(20, 0.4)])
    weights = checkpoints.path(20) / "model.safetensors"
    if damage == "shorter":
        weights.write_bytes(b"w")
    elif damage == "absent":
        weights.unlink()
    elif damage == "unmarked":
        (checkpoints.path(20) / "complete.json").unlink()
    else:
        (checkpoints.path(10) / "model.safetensors").unlink()
    saved = checkpoints.latest()
    assert (saved and saved.step) == (None if damage == "best" else 10)


def test_runs_that_differ_do_not_meet(tmp_path: Path) -> None:
    first = folder_for(tmp_path, {"seed": 1}, "data")
    assert first == folder_for(tmp_path, {"seed": 1}, "data")
    others = [folder_for(tmp_path, {"seed": 2}, "data"), folder_for(tmp_path, {"seed": 1}, "other")]
    assert first not in others


def test_the_best_has_the_highest_score_and_of_equals_the_lowest_loss() -> None:
    history = [entry(1, 0.5, 0.1), entry(2, 0.7, 0.9), entry(3, 0.7, 0.8), entry(4, 0.7, 0.8)]
    assert best_of(history)["step"] == 3


def test_patience_counts_evaluations_without_a_better_score() -> None:
    history = [entry(1, 0.5), entry(2, 0.7), entry(3, 0.7, 0.9), entry(4, 0.6)]
    assert ended_early(history, 2)
    assert not ended_early(history[:3], 2) and not ended_early(history, 3)
    assert not ended_early(history, 0) and not ended_early([], 2)
