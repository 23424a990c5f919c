"""The handler with the real client, against a runtime that fails on the wire."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

import lambda_function

GOOD = json.dumps({"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]})


class Runtime(ThreadingHTTPServer):
    """Plays one prepared outcome a request: a status with an error type, or a word."""

    daemon_threads = True
    outcomes: list[Any]
    asked = 0


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Runtime)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        outcome = self.server.outcomes.pop(0)
        if outcome == "hang up":
            self.close_connection = True
            return
        if outcome == "hang":
            self.server.stop.wait(10)  # type: ignore[attr-defined]
            return
        status, kind, body = outcome
        self.send_response(status)
        if kind:
            self.send_header("x-amzn-errortype", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Stays silent."""


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    server = Runtime(("127.0.0.1", 0), Handler)
    server.stop = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("ENDPOINT_NAME", "classifier"),
        ("NO_PROXY", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lambda_function, "PAUSE_SECONDS", 0)
    lambda_function.runtime.cache_clear()
    yield server
    server.stop.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    lambda_function.runtime.cache_clear()


def call(remaining: int = 25_000) -> tuple[int, Any]:
    context = SimpleNamespace(aws_request_id="x", get_remaining_time_in_millis=lambda: remaining)
    response = lambda_function.handler({"headline": "x"}, context)
    assert "secret" not in response["body"]
    return response["statusCode"], json.loads(response["body"])


def failing(status: int, kind: str) -> tuple[int, str, str]:
    return status, kind, json.dumps({"Message": "secret-detail"})


@pytest.mark.parametrize(
    ("outcome", "status", "code", "asked"),
    [
        (failing(400, "ThrottlingException"), 429, "too_many_requests", 2),
        (failing(424, "ModelError"), 502, "bad_model_answer", 1),
        (failing(429, "ModelNotReadyException"), 503, "unavailable", 1),
        (failing(503, "ServiceUnavailable"), 503, "unavailable", 2),
        (failing(530, "InternalDependencyException"), 503, "unavailable", 1),
        (failing(400, "ValidationError"), 503, "unavailable", 1),
        (failing(403, "AccessDeniedException"), 500, "internal", 1),
        ("hang up", 503, "unavailable", 2),
        ((200, "", "not json"), 502, "bad_model_answer", 1),
    ],
)
def test_what_the_runtime_says_on_the_wire(
    runtime: Runtime, outcome: Any, status: int, code: str, asked: int
) -> None:
    runtime.outcomes = [outcome] * 2
    answered, body = call()
    assert (answered, body["error"]["code"], runtime.asked) == (status, code, asked)


def test_a_runtime_that_is_throttled_for_a_moment_is_asked_again(runtime: Runtime) -> None:
    runtime.outcomes = [failing(400, "ThrottlingException"), (200, "", GOOD)]
    assert call()[0] == 200


def test_a_runtime_that_hangs_is_given_up_in_time(runtime: Runtime) -> None:
    runtime.outcomes = ["hang"]
    answered, body = call(remaining=5_500)
    assert (answered, body["error"]["code"], runtime.asked) == (504, "timeout", 1)


def test_no_runtime_at_all(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert call()[0] == 503
