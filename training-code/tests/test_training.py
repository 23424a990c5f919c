import pytest

from headlines.data import Headline
from headlines.training import class_weights, precision


def test_balanced_weights_favour_rare_classes_and_have_a_mean_of_one() -> None:
    headlines = [Headline("x", label, "s") for label in (0, 0, 0, 0, 1, 1, 2, 3)]
    weights = class_weights(headlines, "balanced", 4)
    assert weights is not None
    assert weights.tolist() == [0.5, 1.0, 2.0, 2.0]
    assert sum(weights[headline.label] for headline in headlines) == pytest.approx(8)
    assert class_weights(headlines, "none", 4) is None


def test_a_chosen_precision_is_taken_and_auto_finds_one() -> None:
    assert precision("fp16") == "fp16"
    assert precision("auto") in ("fp32", "bf16", "fp16")
