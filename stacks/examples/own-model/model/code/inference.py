"""Serves a list of weighted words in the Hugging Face inference container.

The container calls `model_fn` once, then `input_fn`, `predict_fn` and `output_fn` for every
request: `{"inputs": "text"}` is answered with one prediction, a list of texts with a list of them.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

WORD = re.compile(r"[a-z']+")


def model_fn(model_dir: str) -> dict[str, Any]:
    """Loads the words and the labels, which are negative first, then positive."""
    folder = Path(model_dir)
    labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
    weights = json.loads((folder / "weights.json").read_text(encoding="utf-8"))
    return {"weights": weights, "labels": [labels["0"], labels["1"]]}


def input_fn(request_body: bytes | str, content_type: str = "application/json") -> Any:
    """Takes the texts out of a request."""
    inputs = json.loads(request_body)["inputs"]
    if not isinstance(inputs, (str, list)):
        raise ValueError("inputs must be a string or a list of strings")
    return inputs


def predict_fn(data: Any, model: dict[str, Any]) -> dict[str, Any]:
    """Adds up the weights of the words of each text."""
    if isinstance(data, str):
        found = _predict(data, model)
        return {**found, "probabilities": [found["probabilities"]]}
    return {"predictions": [_predict(text, model) for text in data]}


def output_fn(prediction: dict[str, Any], accept: str = "application/json") -> str:
    """Writes the answer."""
    return json.dumps(prediction)


def _predict(text: str, model: dict[str, Any]) -> dict[str, Any]:
    score = sum(model["weights"].get(word, 0.0) for word in WORD.findall(text.lower()))
    positive = 1 / (1 + math.exp(-score))
    row = [1 - positive, positive]
    labels = model["labels"]
    return {
        "predicted_label": labels[int(positive >= 0.5)],
        "probabilities": row,
        "scores": dict(zip(labels, row, strict=True)),
    }
