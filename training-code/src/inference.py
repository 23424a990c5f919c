"""Serves a trained headline classifier in the Hugging Face inference container.

The container's toolkit finds this file in the model archive as `code/inference.py` and calls
`model_fn` once, then `input_fn`, `predict_fn` and `output_fn` for every request. It must stand
alone: nothing else of the training code is in the archive.

Request: `{"inputs": "headline"}` or `{"inputs": ["headline", ...]}` as `application/json`, or
`text/csv` with the header `inputs`. Answer to one headline:

    {"predicted_label": "Business", "probabilities": [[...]], "scores": {"Business": 0.98, ...}}

Answer to a list: `{"predictions": [{"predicted_label", "probabilities": [...], "scores"}, ...]}`.
Probabilities are in the order of the labels that training saved with the model. Every complaint
about a request is a `ValueError`, which the toolkit turns into status 400.
"""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

MOST_HEADLINES = int(os.environ.get("INFERENCE_MAX_HEADLINES", "256"))
MOST_CHARACTERS = 10_000
# Headlines that go through the network together; bounds the memory of one request.
BATCH_SIZE = 32
# Used when a model's tokenizer names no limit of its own.
DEFAULT_LENGTH = 64
LONGEST_LENGTH = 512


@dataclass(frozen=True)
class Classifier:
    """A model in memory with all that a request needs."""

    model: Any
    tokenizer: Any
    labels: list[str]
    max_length: int
    device: torch.device


@dataclass(frozen=True)
class Request:
    """The headlines of one request; `single` when it was one string and no list."""

    headlines: list[str]
    single: bool


def model_fn(model_dir: str) -> Classifier:
    """Loads model and tokenizer from the folder alone; the network is never asked."""
    torch.set_num_threads(threads())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = AutoModelForSequenceClassification.from_pretrained(model_dir, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True)
    names = model.config.id2label
    length = tokenizer.model_max_length
    return Classifier(
        model=model.to(device).eval(),
        tokenizer=tokenizer,
        labels=[names[index] for index in range(len(names))],
        # A tokenizer without a limit says so with an enormous number.
        max_length=int(length) if length <= LONGEST_LENGTH else DEFAULT_LENGTH,
        device=device,
    )


def input_fn(request_body: bytes | str, content_type: str = "application/json") -> Request:
    """Reads and checks one request."""
    text = _text(request_body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _checked(_inputs_of_json(text))
    if kind == "text/csv":
        return _checked(_inputs_of_csv(text))
    raise ValueError(f"content type '{kind}' is not supported; send application/json or text/csv")


def predict_fn(data: Request, model: Classifier) -> dict[str, Any]:
    """Classifies the headlines of one request."""
    probabilities: list[list[float]] = []
    for start in range(0, len(data.headlines), BATCH_SIZE):
        probabilities += _probabilities(data.headlines[start : start + BATCH_SIZE], model)
    predictions = [_prediction(row, model.labels) for row in probabilities]
    if not data.single:
        return {"predictions": predictions}
    # One headline keeps the nested list that clients of the first version read.
    return {**predictions[0], "probabilities": probabilities}


def output_fn(prediction: dict[str, Any], accept: str = "application/json") -> str:
    """Writes the answer as JSON.

    Only the text is returned, no pair of text and type: the toolkit would send the pair itself.
    """
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if accept.strip() and not kinds & {"application/json", "application/*", "*/*"}:
        raise ValueError(f"accept type '{accept}' is not supported; ask for application/json")
    return json.dumps(prediction, ensure_ascii=False)


def threads() -> int:
    """Shares the processors among the server's workers, of which there is one each by default.

    `INFERENCE_THREADS` overrides it.
    """
    chosen = os.environ.get("INFERENCE_THREADS")
    if chosen:
        return max(1, int(chosen))
    processors = os.cpu_count() or 1
    workers = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or processors)
    return max(1, processors // max(1, workers))


def _text(body: bytes | str) -> str:
    if isinstance(body, str):
        return body
    try:
        return bytes(body).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not UTF-8 at byte {error.start}") from None


def _inputs_of_json(text: str) -> object:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict) or "inputs" not in document:
        raise ValueError('the body must be {"inputs": "headline"} or {"inputs": ["headline", ...]}')
    return document["inputs"]


def _inputs_of_csv(text: str) -> object:
    rows = csv.DictReader(io.StringIO(text))
    if "inputs" not in (rows.fieldnames or []):
        raise ValueError("the first line of text/csv must name a column 'inputs'")
    return [row["inputs"] for row in rows]


def _checked(inputs: object) -> Request:
    headlines = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(headlines, list):
        raise ValueError(f"inputs must be a string or a list of strings, not {_kind(inputs)}")
    if not headlines:
        raise ValueError("inputs is an empty list")
    if len(headlines) > MOST_HEADLINES:
        raise ValueError(f"{len(headlines)} headlines are more than {MOST_HEADLINES} a request")
    for index, headline in enumerate(headlines):
        if not isinstance(headline, str):
            raise ValueError(f"headline {index} must be a string, not {_kind(headline)}")
        if not headline.strip():
            raise ValueError(f"headline {index} is blank")
        if len(headline) > MOST_CHARACTERS:
            raise ValueError(f"headline {index} is longer than {MOST_CHARACTERS} characters")
    return Request(headlines=headlines, single=isinstance(inputs, str))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _probabilities(headlines: list[str], model: Classifier) -> list[list[float]]:
    encoded = model.tokenizer(
        headlines, truncation=True, max_length=model.max_length, padding=True, return_tensors="pt"
    )
    # Named one by one: a tokenizer may also give token types, which DistilBERT refuses.
    with torch.inference_mode():
        logits = model.model(
            input_ids=encoded["input_ids"].to(model.device),
            attention_mask=encoded["attention_mask"].to(model.device),
        ).logits
    rows: list[list[float]] = torch.softmax(logits.float(), dim=-1).tolist()
    return rows


def _prediction(row: list[float], labels: list[str]) -> dict[str, Any]:
    best = max(range(len(row)), key=row.__getitem__)
    return {
        "predicted_label": labels[best],
        "probabilities": row,
        "scores": dict(zip(labels, row, strict=True)),
    }
