import base64
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

import lambda_function

CONTEXT = SimpleNamespace(aws_request_id="lambda-1")
ANSWER = {"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]], "scores": {}}


class Endpoint:
    """Stands in for the runtime client: plays one prepared outcome a call."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[dict[str, Any]] = []

    def invoke_endpoint(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        raw = outcome if isinstance(outcome, bytes) else json.dumps(outcome).encode()
        return {"Body": io.BytesIO(raw)}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret-detail"}}, "InvokeEndpoint")


def http(body: Any, **rest: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "version": "2.0",
        "requestContext": {"requestId": "http-1"},
        "body": text,
        "isBase64Encoded": False,
        **rest,
    }


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ENDPOINT_NAME", "classifier")
    monkeypatch.setattr(lambda_function, "PAUSE_SECONDS", 0)

    def install(*outcomes: Any) -> Endpoint:
        endpoint = Endpoint(*outcomes)
        monkeypatch.setattr(lambda_function, "runtime", lambda patience: endpoint)
        return endpoint

    return install


def call(event: dict[str, Any]) -> tuple[int, Any]:
    response = lambda_function.handler(event, CONTEXT)
    assert response["headers"]["content-type"] == "application/json"
    assert ("retry-after" in response["headers"]) == (response["statusCode"] in (429, 503))
    return response["statusCode"], json.loads(response["body"])


@pytest.mark.parametrize(
    "event",
    [
        http({"query": {"headline": "x"}}),
        http({"headline": "x"}),
        http({"text": "x"}),
        http(base64.b64encode(b'{"headline": "x"}').decode(), isBase64Encoded=True),
        {"body": '{"query": {"headline": "x"}}'},
        {"body": {"query": {"headline": "x"}}},
        {"query": {"headline": "x"}},
        {"headline": "x"},
    ],
)
def test_every_way_to_ask_for_one_text(use: Any, event: dict[str, Any]) -> None:
    endpoint = use(ANSWER)
    assert call(event) == (200, ANSWER)
    assert json.loads(endpoint.calls[0]["Body"]) == {"inputs": "x"}
    assert endpoint.calls[0]["EndpointName"] == "classifier"
    assert endpoint.calls[0]["ContentType"] == "application/json"


@pytest.mark.parametrize("name", ["texts", "headlines"])
def test_a_list(use: Any, name: str) -> None:
    endpoint = use({"predictions": [ANSWER, ANSWER]})
    status, body = call(http({name: ["x", "y"]}))
    assert status == 200 and len(body["predictions"]) == 2
    assert json.loads(endpoint.calls[0]["Body"]) == {"inputs": ["x", "y"]}


@pytest.mark.parametrize(
    "event",
    [
        http("{"),
        http("[]"),
        http({}),
        http({"headline": " "}),
        http({"text": ""}),
        http({"texts": ["x", 1]}),
        http({"headline": 5}),
        http('{"headline": "\\ud800"}'),
        http("[" * 100_000),
        http({"headline": "x" * 10_001}),
        http({"query": {"text": "x"}}),
        http({"headlines": []}),
        http({"headlines": "x"}),
        http({"headlines": ["x", None]}),
        http({"headlines": ["x"] * 257}),
        http("no base64!", isBase64Encoded=True),
        http(base64.b64encode(b"\xff\xfe").decode(), isBase64Encoded=True),
        {"version": "2.0", "requestContext": {}},
        {"body": None},
        {},
    ],
)
def test_a_bad_request_never_reaches_the_endpoint(use: Any, event: dict[str, Any]) -> None:
    endpoint = use()
    status, body = call(event)
    assert (status, body["error"]["code"]) == (400, "bad_request")
    assert endpoint.calls == []


def test_a_body_that_is_too_large(use: Any) -> None:
    use()
    status, body = call(http({"headline": "x", "pad": "y" * 300_000}))
    assert (status, body["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (refused("ThrottlingException"), 429, "too_many_requests"),
        (refused("ModelError"), 502, "bad_model_answer"),
        (b"not json", 502, "bad_model_answer"),
        ([1], 502, "bad_model_answer"),
        ({"label": "x"}, 502, "bad_model_answer"),
        (refused("ValidationError"), 503, "unavailable"),
        (refused("ModelNotReadyException"), 503, "unavailable"),
        (EndpointConnectionError(endpoint_url="http://secret-detail"), 503, "unavailable"),
        (ReadTimeoutError(endpoint_url="http://secret-detail"), 504, "timeout"),
        (refused("AccessDeniedException"), 500, "internal"),
        (RuntimeError("secret-detail"), 500, "internal"),
    ],
)
def test_a_failing_endpoint(
    use: Any, capsys: pytest.CaptureFixture[str], failure: Any, status: int, code: str
) -> None:
    use(failure, failure)
    response = lambda_function.handler(http({"headline": "x"}), CONTEXT)
    error = json.loads(response["body"])["error"]
    assert (response["statusCode"], error["code"]) == (status, code)
    assert error["request_id"] == "http-1"
    assert "secret" not in response["body"]
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["status"], logged["code"], logged["headlines"]) == (status, code, 1)
    assert logged["cause"]


def test_too_few_predictions_are_no_answer(use: Any) -> None:
    use({"predictions": [ANSWER]})
    assert call(http({"headlines": ["x", "y"]}))[0] == 502


def test_a_short_trouble_is_tried_twice_and_a_timeout_once(use: Any) -> None:
    assert call_count(use, refused("ThrottlingException"), ANSWER) == (200, 2)
    assert call_count(use, EndpointConnectionError(endpoint_url="http://x"), ANSWER) == (200, 2)
    assert call_count(use, ReadTimeoutError(endpoint_url="http://x"), ANSWER) == (504, 1)
    assert call_count(use, refused("ModelError"), ANSWER) == (502, 1)


def call_count(use: Any, *outcomes: Any) -> tuple[int, int]:
    endpoint = use(*outcomes)
    status, _ = call(http({"headline": "x"}))
    return status, len(endpoint.calls)


def test_without_an_endpoint_name(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use()
    monkeypatch.delenv("ENDPOINT_NAME")
    assert call(http({"headline": "x"}))[0] == 500


def test_a_direct_call_has_the_functions_own_request_id(use: Any) -> None:
    use()
    _, body = call({"headline": ""})
    assert body["error"]["request_id"] == "lambda-1"


def test_the_client_is_made_once_with_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    lambda_function.runtime.cache_clear()
    client = lambda_function.runtime(20)
    assert client is lambda_function.runtime(20)
    assert (client.meta.config.connect_timeout, client.meta.config.read_timeout) == (1, 20)
    assert client.meta.config.retries["total_max_attempts"] == 1
    lambda_function.runtime.cache_clear()


@pytest.mark.parametrize(
    ("remaining", "patience"), [(24_990, 20), (28_990, 20), (9_990, 5), (900, 1)]
)
def test_the_model_is_waited_for_within_the_functions_own_time(
    monkeypatch: pytest.MonkeyPatch, remaining: int, patience: int
) -> None:
    monkeypatch.setenv("ENDPOINT_NAME", "classifier")
    waits: list[int] = []

    def runtime(wait: int) -> Endpoint:
        waits.append(wait)
        return Endpoint(ANSWER)

    monkeypatch.setattr(lambda_function, "runtime", runtime)
    context = SimpleNamespace(aws_request_id="x", get_remaining_time_in_millis=lambda: remaining)
    assert lambda_function.handler(http({"headline": "x"}), context)["statusCode"] == 200
    assert waits == [patience]


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
def test_health_is_told_without_the_endpoint(
    use: Any, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    endpoint = use()
    context = {"requestId": "http-1", "http": {"method": "GET", "path": path}}
    assert call({"version": "2.0", "requestContext": context}) == (200, {"status": "ok"})
    assert endpoint.calls == []
    logged = json.loads(capsys.readouterr().out)
    assert (logged["status"], logged["headlines"]) == (200, 0)


def test_only_a_get_of_health_is_health(use: Any) -> None:
    use()
    for method, path in (("POST", "/health"), ("GET", "/classify")):
        context = {"requestId": "http-1", "http": {"method": method, "path": path}}
        assert call({"version": "2.0", "requestContext": context})[0] == 400
