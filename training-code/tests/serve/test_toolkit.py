"""Sends requests through the classes of the container's toolkit, to a model that training saved.

The toolkit's server is a Java program that calls `HuggingFaceHandlerService.handle` with a context
of its own; both are its real Python classes here. Runs in the dependency group `serve`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
from conftest import Job

HEADLINE = "stocks fall as bank reports weak earnings"
LABELS = ["Business", "Science", "Entertainment", "Health"]
JSON = "application/json"
LINES = "application/jsonlines"


class Server:
    """Calls the toolkit's handler as the model server does."""

    def __init__(self, model: str) -> None:
        # Both are found only once the module path of the model is set, as in the container.
        from mms.context import Context
        from mms.metrics.metrics_store import MetricsStore
        from sagemaker_huggingface_inference_toolkit.handler_service import (
            HuggingFaceHandlerService,
        )

        self.context = Context("model", model, {}, 1, -1, "1.1.11")
        self.context.metrics = MetricsStore(["0"], "model")
        self.service = HuggingFaceHandlerService()
        self.service.initialize(self.context)

    def post(self, body: bytes, **headers: str) -> tuple[str, str]:
        """Gives the body of the answer and its content type."""
        from mms.context import RequestProcessor

        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.context.request_processor = [RequestProcessor(names)]
        (answer,) = self.service.handle([{"body": bytearray(body)}], self.context)
        kind = self.context.get_response_headers(0)["content-type"]
        # A pair of text and type would reach the client as a JSON list.
        assert isinstance(answer, str)
        return answer, kind

    def classify(self, document: object, **headers: str) -> Any:
        body, kind = self.post(json.dumps(document).encode(), Content_Type=JSON, **headers)
        assert kind == JSON
        return json.loads(body)

    def refusal(self, body: bytes, kind: str = JSON, **headers: str) -> str:
        """Gives the message of an answer with status 400."""
        from mms.service import PredictionException

        with pytest.raises(PredictionException) as caught:
            self.post(body, Content_Type=kind, **headers)
        assert caught.value.error_code == 400
        return str(caught.value.message)


@pytest.fixture(scope="module")
def server(tiny_job: Job) -> Any:
    before = list(sys.path)
    yield Server(str(tiny_job.model))
    sys.path[:] = before
    # The module of the model, imported by its name.
    sys.modules.pop("inference", None)


def test_the_handler_of_the_archive_is_used(server: Server, tiny_job: Job) -> None:
    module = sys.modules["inference"]
    assert module.__file__ == str(tiny_job.model / "code" / "inference.py")
    assert type(server.service.model).__name__ == "Classifier"
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_one_headline(server: Server) -> None:
    answer = server.classify({"inputs": HEADLINE})
    assert answer["predicted_label"] == "Business"
    assert list(answer["scores"]) == LABELS
    # What clients of the first version read: a list of lists, in the order of the labels.
    assert answer["probabilities"] == [list(answer["scores"].values())]


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"accept": JSON}])
def test_a_list_and_the_accept_header(server: Server, accept: dict[str, str]) -> None:
    answers = server.classify({"inputs": [HEADLINE, "singer wins award"]}, **accept)
    labels = [answer["predicted_label"] for answer in answers["predictions"]]
    assert labels == ["Business", "Entertainment"]


def test_records_of_a_batch_job(server: Server) -> None:
    """One line a request (SingleRecord), and as many as fit (MultiRecord)."""
    lines = [json.dumps({"inputs": text}) for text in (HEADLINE, "doctors report patient", "x")]
    single = [server.post(line.encode(), Content_Type=LINES, Accept=LINES)[0] for line in lines]
    body, kind = server.post("\n".join(lines).encode(), Content_Type=LINES, Accept=LINES)
    assert kind == LINES
    multiple = body.split("\n")
    assert len(multiple) == len(lines)
    for one, other in zip(single, multiple, strict=True):
        one_row, other_row = (json.loads(text)["probabilities"][0] for text in (one, other))
        assert one_row == pytest.approx(other_row, abs=1e-5)
    # The recipe without JSON Lines: a line is one JSON document.
    assert server.post(lines[0].encode(), Content_Type=JSON, Accept=JSON)[1] == JSON


def test_csv(server: Server) -> None:
    table = b'inputs\n"stocks fall, bank weak"\nsinger wins award\n'
    body, kind = server.post(table, Content_Type="text/csv", Accept="text/csv")
    assert kind == "text/csv"
    assert [line.split(",")[0] for line in body.split("\n")] == [
        "predicted_label",
        "Business",
        "Entertainment",
    ]


def test_a_bad_request_is_400_and_says_why(server: Server) -> None:
    assert "not JSON" in server.refusal(b"{")
    assert "text 1 is blank" in server.refusal(b'{"inputs": ["x", ""]}')
    assert "line 2: inputs must be" in server.refusal(b'{"inputs": "x"}\n{"inputs": 5}', LINES)
    assert "not supported; send" in server.refusal(b"x", "application/x-npy")
    assert "ask for" in server.refusal(b'{"inputs": "x"}', Accept="image/png")
    # The service goes on.
    assert server.classify({"inputs": HEADLINE})["predicted_label"] == "Business"
