"""Runs train.py as the platform does: a process, a base folder, an exit status."""

import json
import math
import re
import signal
import socket
from pathlib import Path
from typing import Any

from conftest import TINY_ARGUMENTS, Job, corpus, row, run_training
from forked import Training

REFERENCE_LINES = [
    r"^Training loss per 5000 steps: ([0-9.]+)$",
    r"^Training Accuracy per 5000 steps: ([0-9.]+)$",
    r"^Training Loss Epoch: ([0-9.]+)$",
    r"^Training accuracy Epoch: ([0-9.]+)$",
    r"^Validation loss per 1000 steps: ([0-9.]+)$",
    r"^Validation accuracy per 1000 steps: ([0-9.]+)$",
    r"^Validation loss per Epoch: ([0-9.]+) at epoch 2$",
    r"^Validation accuracy epoch: ([0-9.]+) at epoch 2$",
]


def test_a_run_leaves_a_model_that_can_be_served(tiny_job: Job) -> None:
    for name in (
        "model.safetensors",
        "tokenizer.json",
        "code/inference.py",
        "metrics.json",
        "report.html",
    ):
        assert (tiny_job.model / name).is_file(), name
    config = json.loads((tiny_job.model / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"]["1"] == "Science"
    assert not (tiny_job.base / "output" / "failure").exists()


def test_the_report_says_how_good_the_model_is_and_how_it_came_about(tiny_job: Job) -> None:
    report = json.loads((tiny_job.model / "metrics.json").read_text(encoding="utf-8"))
    copy = tiny_job.base / "output" / "data" / "metrics.json"
    assert report == json.loads(copy.read_text(encoding="utf-8"))
    assert report["accuracy"] > 0.9
    assert report["settings"]["base_model"] == "tiny-random"
    assert report["splits"]["story"]["test"]["headlines"] == sum(
        map(sum, report["confusion"]["counts"])
    )
    assert report["splits"]["time"]["headlines"] == 32
    assert report["splits"]["time"]["cut"] == "1970-01-01T00:00:14+00:00"
    assert report["preparation"]["rows_read"] == 256
    assert [entry["epoch"] for entry in report["history"]] == [1, 2]
    assert report["best_epoch"] in (1, 2)
    assert report["run"]["resumed_from_step"] is None and report["run"]["headlines_per_second"] > 0
    assert set(report["classes"]["Health"]) == {"precision", "recall", "f1", "support"}
    assert report["versions"]["torch"] != "absent"


def read_metrics(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job.model / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_metric_lines_match_their_expressions(tiny_job: Job) -> None:
    output = tiny_job.output
    steps = re.findall(r"\bstep=([0-9]+)/[0-9]+ train_loss=([0-9.eE+-]+)", output)
    assert [int(step) for step, _ in steps][:1] == [1]
    assert float(steps[-1][1]) < float(steps[0][1])
    report = json.loads((tiny_job.model / "metrics.json").read_text(encoding="utf-8"))
    for name, key in (("accuracy", "accuracy"), ("macro_f1", "macro_f1"), ("loss", "loss")):
        (value,) = re.findall(rf"\beval_{name}=([0-9.eE+-]+)", output)
        assert abs(float(value) - report[key]) < 1e-4
    for expression in REFERENCE_LINES:
        assert re.search(expression, output, re.MULTILINE), expression


def test_a_run_that_is_stopped_and_killed_ends_like_an_undisturbed_one(
    tiny_job: Job, tmp_path: Path
) -> None:
    base = tmp_path / "job"
    stopped = Training(base, corpus(), TINY_ARGUMENTS).end_at("step=6/", signal.SIGTERM)
    assert stopped.status == 128 + signal.SIGTERM, stopped.output
    assert "ending=stopped" in stopped.output
    assert not (base / "model").exists() and not (base / "output" / "failure").exists()
    killed = Training(base, corpus(), TINY_ARGUMENTS).end_at(
        "checkpoint=saved step=12", signal.SIGKILL
    )
    assert killed.status == -signal.SIGKILL, killed.output
    assert "checkpoint=resumed" in killed.output
    # What a kill in the middle of a save leaves: it must be passed over.
    (folder,) = (base / "checkpoints").iterdir()
    (folder / "checkpoint-999").mkdir()
    last = Training(base, corpus(), TINY_ARGUMENTS).finish()
    assert last.status == 0, last.output
    assert re.search(r"^checkpoint=resumed step=1[2-9]$", last.output, re.MULTILINE), last.output
    name = "model.safetensors"
    assert (last.model / name).read_bytes() == (tiny_job.model / name).read_bytes()
    ours, theirs = (read_metrics(job) for job in (last, tiny_job))
    for key in ("accuracy", "macro_f1", "loss", "confusion", "best_epoch", "worst", "calibration"):
        assert ours[key] == theirs[key], key


def test_only_the_best_and_the_last_checkpoint_are_kept(tiny_job: Job) -> None:
    (folder,) = (tiny_job.base / "checkpoints").iterdir()
    history = read_metrics(tiny_job)["history"]
    best = max(history, key=lambda entry: (entry["eval_macro_f1"], -entry["eval_loss"]))
    kept = {f"checkpoint-{entry['step']}" for entry in (best, history[-1])}
    assert {path.name for path in folder.iterdir()} == kept


def test_a_run_without_progress_ends_early_and_a_second_one_only_measures(tmp_path: Path) -> None:
    arguments = [*TINY_ARGUMENTS, "--epochs=40", "--class_weights=balanced", "--precision=fp32"]
    first = Training(tmp_path, corpus(), arguments).finish()
    assert first.status == 0, first.output
    assert "ending=early epochs_without_improvement=2" in first.output
    metrics = read_metrics(first)
    scores = [entry["eval_macro_f1"] for entry in metrics["history"]]
    assert len(scores) < 40 and max(scores) == max(scores[:-2])
    again = Training(tmp_path, corpus(), arguments).finish()
    assert again.status == 0 and not re.search(r"^step=", again.output, re.MULTILINE), again.output
    measured = read_metrics(again)
    assert measured["run"]["headlines_per_second"] is None
    for key in ("accuracy", "loss", "history", "best_epoch"):
        assert measured[key] == metrics[key], key


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    port = free_port()
    arguments = [*TINY_ARGUMENTS, "--epochs=1"]
    runs = [
        Training(
            tmp_path / f"host{rank}",
            corpus(),
            arguments,
            RANK=str(rank),
            LOCAL_RANK="0",
            WORLD_SIZE="2",
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port,
        )
        for rank in range(2)
    ]
    first, second = (run.finish() for run in runs)
    assert (first.status, second.status) == (0, 0), first.output + second.output
    metrics = read_metrics(first)
    assert metrics["run"]["devices"] == 2
    # Two processes take two batches a step: half the steps of one.
    assert metrics["run"]["steps"] == math.ceil(
        metrics["splits"]["story"]["train"]["headlines"] / 32
    )
    assert len(re.findall(r"^eval_accuracy=", first.output, re.MULTILINE)) == 1
    assert second.output == ""
    assert not (second.base / "model").exists() and not (second.base / "output").exists()


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_too_many_bad_rows_end_the_run_with_their_lines(tmp_path: Path) -> None:
    job = run_training(tmp_path / "job", row("fine") + "broken\n", TINY_ARGUMENTS)
    assert job.status == 1
    assert job.failure.startswith("1 of 2 rows are unusable: headlines.csv:2: not 8 columns: 1; ")
    assert "\n" not in job.failure


def test_missing_data_and_a_wrong_setting_end_the_run(tmp_path: Path) -> None:
    assert "holds 0 files" in run_training(tmp_path / "a", None, []).failure
    wrong = run_training(tmp_path / "b", corpus(), ["--epoch=1"])
    assert wrong.status == 1 and "did you mean 'epochs'" in wrong.failure


def test_anything_unforeseen_is_reported_too(tmp_path: Path) -> None:
    base = tmp_path / "job"
    (base / "input" / "config" / "hyperparameters.json").mkdir(parents=True)
    job = run_training(base, corpus(), TINY_ARGUMENTS)
    assert job.status == 1
    assert job.failure.startswith("training broke: IsADirectoryError: ")
    assert "Traceback" in job.output
