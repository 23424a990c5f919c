import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Job

LABELS = ["Business", "Science", "Entertainment", "Health"]
HEADLINE = "stocks fall as bank reports weak earnings"


@pytest.fixture(scope="module")
def handler(tiny_job: Job) -> ModuleType:
    """Imports the copy in the model folder, as the container does."""
    path = tiny_job.model / "code" / "inference.py"
    spec = importlib.util.spec_from_file_location("served_inference", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model(handler: ModuleType, tiny_job: Job) -> Any:
    return handler.model_fn(str(tiny_job.model))


def ask(handler: ModuleType, model: Any, body: Any, kind: str = "application/json") -> Any:
    given = body if isinstance(body, (str, bytes)) else json.dumps(body)
    text = handler.output_fn(handler.predict_fn(handler.input_fn(given, kind), model))
    assert isinstance(text, str)
    return json.loads(text)


def test_one_headline(handler: ModuleType, model: Any) -> None:
    answer = ask(handler, model, {"inputs": HEADLINE})
    assert answer["predicted_label"] == "Business"
    assert list(answer["scores"]) == LABELS
    assert answer["probabilities"] == [list(answer["scores"].values())]
    assert sum(answer["probabilities"][0]) == pytest.approx(1, abs=1e-5)


def test_a_list_answers_in_order_and_like_single_ones(handler: ModuleType, model: Any) -> None:
    headlines = [HEADLINE, "singer wins award", "doctors report patient", "new phone"] * 20
    answers = ask(handler, model, {"inputs": headlines})["predictions"]
    labels = ["Business", "Entertainment", "Health", "Science"] * 20
    assert [answer["predicted_label"] for answer in answers] == labels
    alone = ask(handler, model, {"inputs": HEADLINE})
    assert answers[0]["probabilities"] == pytest.approx(alone["probabilities"][0], abs=1e-5)


def test_a_list_of_one_is_still_a_list(handler: ModuleType, model: Any) -> None:
    assert len(ask(handler, model, {"inputs": [HEADLINE]})["predictions"]) == 1


def test_a_long_headline_is_cut(handler: ModuleType, model: Any) -> None:
    assert model.max_length == 64
    assert ask(handler, model, {"inputs": "bank " * 1500})["predicted_label"] in LABELS


def test_bytes_and_csv(handler: ModuleType, model: Any) -> None:
    raw = json.dumps({"inputs": HEADLINE}).encode()
    assert ask(handler, model, raw, "application/json; charset=utf-8")["predicted_label"]
    table = 'inputs\n"stocks fall, bank weak"\nsinger wins award\n'
    assert len(ask(handler, model, table, "text/csv")["predictions"]) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        ({"text": "x"}, "the body must be"),
        ([HEADLINE], "the body must be"),
        ({"inputs": 5}, "not a number"),
        ({"inputs": None}, "not null"),
        ({"inputs": []}, "empty list"),
        ({"inputs": ["fine", " "]}, "headline 1 is blank"),
        ({"inputs": ["fine", {"a": 1}]}, "headline 1 must be a string, not an object"),
        ({"inputs": ["x"] * 257}, "257 headlines are more than 256"),
        ({"inputs": "x" * 10_001}, "longer than 10000 characters"),
    ],
)
def test_a_bad_request_is_a_value_error(handler: ModuleType, body: Any, message: str) -> None:
    given = body if isinstance(body, (str, bytes)) else json.dumps(body)
    with pytest.raises(ValueError, match=message):
        handler.input_fn(given, "application/json")


def test_types_that_are_not_supported(handler: ModuleType) -> None:
    with pytest.raises(ValueError, match="content type 'image/png'"):
        handler.input_fn(b"x", "image/png")
    with pytest.raises(ValueError, match="accept type 'text/html'"):
        handler.output_fn({}, "text/html")
    assert handler.output_fn({}, "*/*") == "{}"


def test_threads_are_shared_among_workers(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.delenv("INFERENCE_THREADS", raising=False)
    monkeypatch.delenv("SAGEMAKER_MODEL_SERVER_WORKERS", raising=False)
    assert handler.threads() == 1
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "2")
    assert handler.threads() == 4
    monkeypatch.setenv("INFERENCE_THREADS", "3")
    assert handler.threads() == 3


def test_the_handler_stands_alone() -> None:
    source = Path(__file__).parents[1] / "src" / "inference.py"
    nodes = list(ast.walk(ast.parse(source.read_text(encoding="utf-8"))))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert "torch" in imported
    assert not {name for name in imported if name.split(".")[0] in ("headlines", "train")}
