"""Serves a trained classifier of texts in the Hugging Face inference container.

The container's toolkit finds this file in the model archive as `code/inference.py` and calls
`model_fn` once, then `input_fn`, `predict_fn` and `output_fn` for every request. It must stand
alone: nothing else of the training code is in the archive. Nothing is fetched while serving.

| content type            | body                                                                |
| ----------------------- | ------------------------------------------------------------------- |
| `application/json`      | `{"inputs": "text"}` or `{"inputs": ["text", ...]}`                 |
| `application/jsonlines` | one such object a line                                              |
| `text/csv`              | a column `inputs` named in the first line, or one column, no header |

The same types can be asked for. One text is answered with

    {"predicted_label": "Business", "probabilities": [[...]], "scores": {"Business": 0.98, ...}}

and a list with `{"predictions": [{"predicted_label", "probabilities": [...], "scores"}, ...]}`.
JSON Lines are answered with one such object a line in the order of the request, CSV with the label
and one column of probabilities a class. Probabilities are in the order of the labels that training
saved with the model. Every complaint about a request is a `RequestError`; the toolkit answers
whatever is raised with status 400 and its text.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = "application/jsonlines"
JSON_LINES_NAMES = (JSON_LINES, "application/x-jsonlines", "application/x-ndjson")

MOST_HEADLINES = int(os.environ.get("INFERENCE_MAX_HEADLINES", "256"))
"""Headlines in one request to an endpoint, which must answer within a minute."""
MOST_CHARACTERS = 10_000
# Headlines that go through the network together; bounds the memory of one request.
BATCH_SIZE = 32
# Used when a model's tokenizer names no limit of its own.
DEFAULT_LENGTH = 64
# What the network was built for, when its configuration does not say.
LONGEST_LENGTH = 512


class RequestError(ValueError):
    """What is wrong with a request, in words for whoever sent it."""


@dataclass(frozen=True)
class Classifier:
    """A model in memory with all that a request needs."""

    model: Any
    tokenizer: Any
    labels: list[str]
    max_length: int
    device: torch.device


@dataclass(frozen=True)
class Record:
    """The headlines of one JSON object; `single` when they were one string and no list."""

    headlines: list[str]
    single: bool


@dataclass(frozen=True)
class Answer:
    """One prediction a headline, and the records of the request, which shape what is written."""

    predictions: list[dict[str, Any]]
    records: list[Record]
    labels: list[str]


def model_fn(model_dir: str) -> Classifier:
    """Loads model and tokenizer from the folder alone; the network is never asked."""
    torch.set_num_threads(threads())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = AutoModelForSequenceClassification.from_pretrained(model_dir, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True)
    names = model.config.id2label
    positions = getattr(model.config, "max_position_embeddings", LONGEST_LENGTH)
    # A tokenizer without a limit says so with an enormous number.
    length = tokenizer.model_max_length
    return Classifier(
        model=model.to(device).eval(),
        tokenizer=tokenizer,
        labels=[names[index] for index in range(len(names))],
        max_length=min(int(length) if length <= LONGEST_LENGTH else DEFAULT_LENGTH, positions),
        device=device,
    )


def input_fn(request_body: bytes | str, content_type: str = JSON) -> list[Record]:
    """Reads and checks one request."""
    text = _text(request_body)
    kind = _media_type(content_type)
    if kind == JSON:
        records = [_record(text)]
    elif kind in JSON_LINES_NAMES:
        records = _records_of_lines(text)
    elif kind == CSV:
        records = _records_of_csv(text)
    else:
        raise RequestError(
            f"content type '{kind}' is not supported; send {JSON}, {JSON_LINES} or {CSV}"
        )
    count = sum(len(record.headlines) for record in records)
    if count > MOST_HEADLINES and not _in_batch_job():
        raise RequestError(f"{count} texts are more than {MOST_HEADLINES} a request")
    return records


def predict_fn(data: list[Record], model: Classifier) -> Answer:
    """Classifies the headlines of one request, however they are spread over its records."""
    headlines = [headline for record in data for headline in record.headlines]
    # Neighbours of one length, so that little of a batch is padding.
    order = sorted(range(len(headlines)), key=lambda index: len(headlines[index]))
    rows: dict[int, list[float]] = {}
    for start in range(0, len(order), BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        batch = [headlines[index] for index in chosen]
        rows.update(zip(chosen, _probabilities(batch, model), strict=True))
    predictions = [_prediction(rows[index], model.labels) for index in range(len(rows))]
    return Answer(predictions, data, model.labels)


def output_fn(prediction: Answer, accept: str = JSON) -> str:
    """Writes the answer in the type that was asked for.

    Only the text is returned, no pair of text and type: the toolkit would send the pair itself.
    """
    for kind in [_media_type(part) for part in accept.split(",")]:
        if kind in ("", JSON, "application/*", "*/*"):
            return _json(prediction)
        if kind in JSON_LINES_NAMES:
            return _json_lines(prediction)
        if kind == CSV:
            return _csv(prediction)
    raise RequestError(
        f"accept type '{accept}' is not supported; ask for {JSON}, {JSON_LINES} or {CSV}"
    )


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


def _in_batch_job() -> bool:
    """Batch Transform bounds a request by bytes, and waits for it as long as it was told to."""
    return os.environ.get("SAGEMAKER_BATCH", "").lower() == "true"


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _text(body: bytes | str) -> str:
    if isinstance(body, str):
        return body
    try:
        return bytes(body).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(f"the body is not UTF-8 at byte {error.start}") from None


def _record(text: str) -> Record:
    try:
        document = json.loads(text)
    # Brackets nested thousands deep end in a recursion error.
    except (ValueError, RecursionError) as error:
        raise RequestError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or "inputs" not in document:
        raise RequestError('expected {"inputs": "text"} or {"inputs": ["text", ...]}')
    return _checked(document["inputs"])


def _records_of_lines(text: str) -> list[Record]:
    records: list[Record] = []
    # Not `splitlines`: JSON may hold the other line breaks of Unicode inside its strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            records.append(_record(line))
        except RequestError as error:
            raise RequestError(f"line {number}: {error}") from None
    if not records:
        raise RequestError("the body has no line")
    return records


def _records_of_csv(text: str) -> list[Record]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise RequestError(f"not CSV: {error}") from None
    column = 0
    if rows and "inputs" in rows[0]:
        column = rows[0].index("inputs")
        width = len(rows.pop(0))
    else:
        width = 1
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise RequestError(
                f"row {number} of text/csv has {len(row)} columns instead of {width}; name the "
                "column 'inputs' in the first line, and quote a text that holds a comma"
            )
    return [_checked([row[column] for row in rows])]


def _checked(inputs: object) -> Record:
    headlines = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(headlines, list):
        raise RequestError(f"inputs must be a string or a list of strings, not {_kind(inputs)}")
    if not headlines:
        raise RequestError("there is no text in inputs")
    for index, headline in enumerate(headlines):
        if not isinstance(headline, str):
            raise RequestError(f"text {index} must be a string, not {_kind(headline)}")
        if not headline.strip():
            raise RequestError(f"text {index} is blank")
        if len(headline) > MOST_CHARACTERS:
            raise RequestError(f"text {index} is longer than {MOST_CHARACTERS} characters")
        # JSON can spell halves of characters, which no tokenizer takes.
        if any("\ud800" <= character <= "\udfff" for character in headline):
            raise RequestError(f"text {index} holds half of a surrogate pair")
    return Record(headlines=headlines, single=isinstance(inputs, str))


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


def _json(answer: Answer) -> str:
    objects = _objects(answer)
    return _dumped(objects[0] if len(objects) == 1 else {"predictions": answer.predictions})


def _json_lines(answer: Answer) -> str:
    # No line break at the end: Batch Transform puts one between two answers.
    return "\n".join(map(_dumped, _objects(answer)))


def _objects(answer: Answer) -> list[dict[str, Any]]:
    """Gives one object a record."""
    predictions = iter(answer.predictions)
    objects: list[dict[str, Any]] = []
    for record in answer.records:
        own = list(itertools.islice(predictions, len(record.headlines)))
        if record.single:
            # One headline keeps the nested list that clients of the first version read.
            objects.append({**own[0], "probabilities": [own[0]["probabilities"]]})
        else:
            objects.append({"predictions": own})
    return objects


def _dumped(value: dict[str, Any]) -> str:
    # A model that gives no numbers is broken; NaN would be no JSON.
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _csv(answer: Answer) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    # In a batch job answers are joined line by line, and a header would stand between them.
    if not _in_batch_job():
        writer.writerow(["predicted_label", *answer.labels])
    for prediction in answer.predictions:
        writer.writerow([prediction["predicted_label"], *prediction["probabilities"]])
    return target.getvalue().removesuffix("\n")
