"""Runs train.py as the platform does: a process, a base folder, an exit status."""

import json
import re
from pathlib import Path

from conftest import TINY_ARGUMENTS, Job, corpus, row, run_training

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
    for name in ("model.safetensors", "tokenizer.json", "code/inference.py", "evaluation.json"):
        assert (tiny_job.model / name).is_file(), name
    config = json.loads((tiny_job.model / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"]["1"] == "Science"
    assert not (tiny_job.base / "output" / "failure").exists()


def test_the_report_says_how_good_the_model_is_and_how_it_came_about(tiny_job: Job) -> None:
    report = json.loads((tiny_job.model / "evaluation.json").read_text(encoding="utf-8"))
    copy = tiny_job.base / "output" / "data" / "evaluation.json"
    assert report == json.loads(copy.read_text(encoding="utf-8"))
    assert report["accuracy"] > 0.9
    assert report["settings"]["base_model"] == "tiny-random"
    assert report["split"]["test"]["headlines"] == sum(map(sum, report["confusion"]["counts"]))
    assert set(report["classes"]["Health"]) == {"precision", "recall", "f1", "support"}
    assert report["versions"]["torch"] != "absent"


def test_metric_lines_match_their_expressions(tiny_job: Job) -> None:
    output = tiny_job.output
    steps = re.findall(r"\bstep=([0-9]+)/[0-9]+ train_loss=([0-9.eE+-]+)", output)
    assert [int(step) for step, _ in steps][:1] == [1]
    assert float(steps[-1][1]) < float(steps[0][1])
    report = json.loads((tiny_job.model / "evaluation.json").read_text(encoding="utf-8"))
    for name, key in (("accuracy", "accuracy"), ("macro_f1", "macro_f1"), ("loss", "loss")):
        (value,) = re.findall(rf"\beval_{name}=([0-9.eE+-]+)", output)
        assert abs(float(value) - report[key]) < 1e-4
    for expression in REFERENCE_LINES:
        assert re.search(expression, output, re.MULTILINE), expression


def test_the_same_run_gives_the_same_weights(tiny_job: Job, tmp_path: Path) -> None:
    again = run_training(tmp_path / "again", corpus(), TINY_ARGUMENTS)
    assert again.status == 0, again.output
    name = "model.safetensors"
    assert (again.model / name).read_bytes() == (tiny_job.model / name).read_bytes()


def test_a_bad_row_ends_the_run_with_its_line(tmp_path: Path) -> None:
    job = run_training(tmp_path / "job", row("fine") + "broken\n", TINY_ARGUMENTS)
    assert job.status == 1
    assert job.failure.startswith("1 unusable rows: headlines.csv:2: 1 columns instead of 8; ")
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
