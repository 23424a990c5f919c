import numpy as np
import pytest

from headlines.data import Headline
from headlines.metrics import (
    calibration,
    evaluate,
    expected_calibration_error,
    losses,
    probabilities,
)
from headlines.report import evaluation_lines, worst
from headlines.training import Prediction

LABELS = ["A", "B", "C"]
NEWS = ["Business", "Science", "Entertainment", "Health"]
TRUTH = np.array([0, 0, 0, 1, 1, 2])
# Predicted: A A B B B A
LOGITS = np.array([[3, 0, 0], [3, 0, 0], [0, 3, 0], [0, 3, 0], [0, 3, 0], [3, 0, 0]], dtype=float)


def test_scores_are_those_worked_out_by_hand() -> None:
    result = evaluate(LOGITS, TRUTH, LABELS)
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.confusion == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert result.classes["A"].precision == pytest.approx(2 / 3)
    assert result.classes["A"].recall == pytest.approx(2 / 3)
    assert result.classes["B"].f1 == pytest.approx(0.8)
    assert result.classes["C"].f1 == 0.0
    assert result.macro_f1 == pytest.approx((2 / 3 + 0.8 + 0) / 3)


def test_loss_is_cross_entropy_and_survives_large_outputs() -> None:
    found = losses(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([0, 1]))
    assert found.tolist() == pytest.approx([np.log(2), 1000.0])


def test_metric_lines_end_with_the_totals() -> None:
    lines = evaluation_lines(evaluate(LOGITS, TRUTH, LABELS))
    assert lines[0].startswith("class=A f1=0.6667 ")
    assert lines[-1].startswith("eval_accuracy=0.6667 eval_macro_f1=0.4889 eval_loss=")


def test_calibration_is_the_one_worked_out_by_hand() -> None:
    logits = np.log(np.array([[0.92, 0.08], [0.98, 0.02], [0.6, 0.4], [0.4, 0.6]]))
    assert probabilities(logits)[0].tolist() == pytest.approx([0.92, 0.08])
    bins = calibration(logits, np.array([0, 1, 0, 1]))
    assert [(bin.lower, bin.upper, bin.count, bin.accuracy) for bin in bins] == [
        (0.5, 0.6, 2, 1.0),
        (0.9, 1.0, 2, 0.5),
    ]
    assert bins[1].confidence == pytest.approx(0.95)
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.4 + 2 * 0.45) / 4)


def test_the_worst_mistakes_come_first_and_hits_not_at_all() -> None:
    logits = np.array([[3.0, 0, 0, 0], [5.0, 0, 0, 0], [0, 0, 9.0, 0]])
    titles = [Headline(title, 1, "s") for title in ("wrong", "very wrong", "right")]
    found = worst(Prediction(logits, np.array([1, 1, 2]), titles), NEWS)
    assert [entry["title"] for entry in found] == ["very wrong", "wrong"]
    assert (found[0]["true"], found[0]["predicted"]) == ("Science", "Business")
    assert found[0]["probability"] == pytest.approx(np.exp(5) / (np.exp(5) + 3))
