"""Classifies texts by the stems of their words, as the Hugging Face container calls it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import snowballstemmer

WORD = re.compile(r"\w+")
STEMMER = snowballstemmer.stemmer("english")
SMOOTHING = 0.5

Counts = dict[str, int]


def stems(text: str) -> list[str]:
    """Gives the stems of a text; all numbers are alike."""
    words = ["0" if word.isdigit() else word for word in WORD.findall(text.lower())]
    found: list[str] = STEMMER.stemWords(words)
    return found


def counted(texts: Iterable[str]) -> Counts:
    """Counts in how many texts each stem is."""
    return dict(Counter(stem for text in texts for stem in set(stems(text))))


def probabilities(text: str, model: dict[str, Counts]) -> dict[str, float]:
    """Gives each label's share."""
    scores = {
        label: sum(
            math.log((counts.get(stem, 0) + SMOOTHING) / (sum(counts.values()) + SMOOTHING))
            for stem in stems(text)
        )
        for label, counts in model.items()
    }
    highest = max(scores.values())
    shares = {label: math.exp(score - highest) for label, score in scores.items()}
    return {label: share / sum(shares.values()) for label, share in shares.items()}


def best(text: str, model: dict[str, Counts]) -> str:
    """Gives the likeliest label."""
    shares = probabilities(text, model)
    return max(shares, key=shares.__getitem__)


def model_fn(model_dir: str) -> dict[str, Counts]:
    """Loads the counts."""
    loaded: dict[str, Counts] = json.loads((Path(model_dir) / "counts.json").read_text("utf-8"))
    return loaded


def input_fn(request_body: bytes | str, content_type: str = "application/json") -> Any:
    """Takes the texts out of a request."""
    inputs = json.loads(request_body)["inputs"]
    if not isinstance(inputs, (str, list)):
        raise ValueError("inputs must be a string or a list of strings")
    return inputs


def predict_fn(data: Any, model: dict[str, Counts]) -> dict[str, Any]:
    """Classifies one text, or each of several."""
    if isinstance(data, str):
        found = _prediction(data, model)
        return {**found, "probabilities": [found["probabilities"]]}
    return {"predictions": [_prediction(text, model) for text in data]}


def output_fn(prediction: dict[str, Any], accept: str = "application/json") -> str:
    """Writes the answer."""
    return json.dumps(prediction)


def _prediction(text: str, model: dict[str, Counts]) -> dict[str, Any]:
    shares = probabilities(text, model)
    label = max(shares, key=shares.__getitem__)
    return {"predicted_label": label, "probabilities": list(shares.values()), "scores": shares}
