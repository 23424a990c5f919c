import ast
import importlib.util
import json
import os
import subprocess
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


def written(
    handler: ModuleType,
    model: Any,
    body: Any,
    kind: str = "application/json",
    accept: str = "application/json",
) -> str:
    given = body if isinstance(body, (str, bytes)) else json.dumps(body)
    text = handler.output_fn(handler.predict_fn(handler.input_fn(given, kind), model), accept)
    assert isinstance(text, str)
    return text


def ask(handler: ModuleType, model: Any, body: Any, kind: str = "application/json") -> Any:
    return json.loads(written(handler, model, body, kind))


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


def test_length_does_not_disturb_the_order(handler: ModuleType, model: Any) -> None:
    headlines = [f"{HEADLINE} {'again ' * (index * 7 % 5)}{index}" for index in range(70)]
    answers = ask(handler, model, {"inputs": headlines})["predictions"]
    for index in (0, 33, 69):
        alone = ask(handler, model, {"inputs": headlines[index]})["probabilities"][0]
        assert answers[index]["probabilities"] == pytest.approx(alone, abs=1e-5)


def test_no_more_positions_than_the_network_has(handler: ModuleType, tiny_job: Job) -> None:
    loaded = handler.AutoTokenizer.from_pretrained(tiny_job.model)
    loaded.model_max_length = 10**30
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler.AutoTokenizer, "from_pretrained", lambda *_, **__: loaded)
        patch.setattr(handler, "DEFAULT_LENGTH", 9_000)
        assert handler.model_fn(str(tiny_job.model)).max_length == 512


def test_bytes_and_a_charset(handler: ModuleType, model: Any) -> None:
    raw = json.dumps({"inputs": HEADLINE}).encode()
    assert ask(handler, model, raw, "application/json; charset=utf-8")["predicted_label"]


def test_json_lines_answer_line_by_line(handler: ModuleType, model: Any) -> None:
    lines = [{"inputs": HEADLINE}, {"inputs": ["singer wins award", HEADLINE]}, {"inputs": "x"}]
    body = "".join(json.dumps(line) + "\r\n" for line in lines) + "\n"
    kind = "application/jsonlines"
    answers = [json.loads(line) for line in written(handler, model, body, kind, kind).split("\n")]
    assert len(answers) == 3
    assert list(answers[0]) == list(ask(handler, model, {"inputs": HEADLINE}))
    assert answers[0]["predicted_label"] == "Business"
    assert [each["predicted_label"] for each in answers[1]["predictions"]] == [
        "Entertainment",
        "Business",
    ]
    # Asked for as one document, they are a list; one line is an object.
    assert len(ask(handler, model, body, kind)["predictions"]) == 4
    assert ask(handler, model, '{"inputs": "x"}\n', kind)["predicted_label"]
    # A line break that is none in JSON.
    assert ask(handler, model, '{"inputs": "a\u2028b"}', kind)["predicted_label"]


@pytest.mark.parametrize(
    "table",
    [
        'inputs\n"stocks fall, bank weak"\nsinger wins award\n',
        'id,inputs\r\n1,"stocks fall, bank weak"\r\n2,singer wins award\r\n',
        '"stocks fall, bank weak"\n\nsinger wins award',
    ],
)
def test_csv(handler: ModuleType, model: Any, table: str) -> None:
    answers = ask(handler, model, table, "text/csv")["predictions"]
    assert [answer["predicted_label"] for answer in answers] == ["Business", "Entertainment"]
    head, *rows = written(handler, model, table, "text/csv", "text/csv").split("\n")
    assert head.split(",") == ["predicted_label", *LABELS]
    assert [row.split(",")[0] for row in rows] == ["Business", "Entertainment"]
    assert [float(cell) for cell in rows[0].split(",")[1:]] == answers[0]["probabilities"]


def test_a_batch_job_has_no_limit_of_headlines_and_no_header(
    handler: ModuleType, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    body = '{"inputs": "bank"}\n' * 300
    kind = "application/jsonlines"
    assert written(handler, model, body, kind, kind).count("\n") == 299
    table = written(handler, model, {"inputs": "bank"}, accept="text/csv")
    assert len(table.split("\n")) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        ({"text": "x"}, "expected {"),
        ([HEADLINE], "expected {"),
        ({"inputs": 5}, "not a number"),
        ({"inputs": None}, "not null"),
        ({"inputs": []}, "no text"),
        ({"inputs": ["fine", " "]}, "text 1 is blank"),
        ({"inputs": ["fine", {"a": 1}]}, "text 1 must be a string, not an object"),
        ({"inputs": ["x"] * 257}, "257 texts are more than 256"),
        ({"inputs": "x" * 10_001}, "longer than 10000 characters"),
        ({"inputs": "\ud83d"}, "half of a surrogate pair"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_request_says_what_is_wrong(handler: ModuleType, body: Any, message: str) -> None:
    given = body if isinstance(body, (str, bytes)) else json.dumps(body)
    with pytest.raises(handler.RequestError, match=message):
        handler.input_fn(given, "application/json")


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ('{"inputs": "x"}\n{"inputs": 5}', "application/jsonlines", "line 2: inputs must be"),
        ('{"inputs": "x"}\n\n{', "application/x-jsonlines", "line 3: not JSON"),
        (" \n", "application/jsonlines", "has no line"),
        ("", "text/csv", "no text"),
        ("inputs\n", "text/csv", "no text"),
        ("title,url\na,b\n", "text/csv", "row 1 of text/csv has 2 columns instead of 1"),
        ("id,inputs\n1,a\n2\n", "text/csv", "row 2 of text/csv has 1 columns instead of 2"),
        ('inputs\n"a', "text/csv", "not CSV"),
        ("inputs\n \n", "text/csv", "text 0 is blank"),
    ],
)
def test_bad_lines_and_tables_are_named(
    handler: ModuleType, body: str, kind: str, message: str
) -> None:
    with pytest.raises(handler.RequestError, match=message):
        handler.input_fn(body, kind)


def test_types_that_are_not_supported(handler: ModuleType) -> None:
    with pytest.raises(handler.RequestError, match="content type 'image/png'"):
        handler.input_fn(b"x", "image/png")
    empty = handler.Answer(predictions=[], records=[], labels=LABELS)
    with pytest.raises(handler.RequestError, match="accept type 'text/html'"):
        handler.output_fn(empty, "text/html")
    assert handler.output_fn(empty, "text/html, */*;q=0.1") == '{"predictions": []}'


def test_serving_asks_no_network(tiny_job: Job) -> None:
    """Loads and classifies in a process of its own, in which every connection fails."""
    program = f"""
import socket, sys
def refuse(*_, **__): raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
sys.path.insert(0, {str(tiny_job.model / "code")!r})
import inference
model = inference.model_fn({str(tiny_job.model)!r})
print(inference.output_fn(inference.predict_fn(inference.input_fn('{{"inputs": "x"}}'), model)))
"""
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["predicted_label"] in LABELS


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
