import numpy as np
import pytest

from headlines.metrics import evaluate, losses
from headlines.report import metric_lines

LABELS = ["A", "B", "C"]
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
    lines = metric_lines(evaluate(LOGITS, TRUTH, LABELS))
    assert lines[0].startswith("class=A f1=0.6667 ")
    assert lines[-1].startswith("eval_accuracy=0.6667 eval_macro_f1=0.4889 eval_loss=")
