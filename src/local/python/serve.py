"""Serves one model over HTTP as the Hugging Face inference toolkit does, with the standard library only.

Input: `$SAGEMAKER_BASE_DIR/model` with an optional `code/inference.py` (or `$SAGEMAKER_PROGRAM`), and
`$SAGEMAKER_BIND_TO_PORT` on loopback. Output: `GET /ping` (200 once the model is loaded) and
`POST /invocations`. As in the toolkit, whatever a handler raises becomes status 400 with a JSON body
of `code`, `type` and `message`, and what `output_fn` returns is the body: a tuple is not unpacked.

Many connections are accepted, but one prediction runs at a time: a prediction uses every core.
Must not know: the engine, AWS, or where the model came from.
"""

import importlib.util
import inspect
import json
import os
import signal
import socketserver
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler
from pathlib import Path

JSON = "application/json"
TEXT_TYPES = (JSON, "text/csv")
DEFAULT_MAX_BODY = 6_553_500
DRAIN_SECONDS = 25
TASKS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMaskedLM": "fill-mask",
}


class Model:
    """A loaded model and the functions that carry a request through it."""

    def __init__(self, model_dir: Path) -> None:
        module = load_module(model_dir)
        self._functions = {
            name: getattr(module, name, default) for name, default in defaults().items()
        }
        self._transform = getattr(module, "transform_fn", None)
        if self._transform and any(
            hasattr(module, name) for name in ("input_fn", "predict_fn", "output_fn")
        ):
            raise ValueError(
                "transform_fn cannot be combined with input_fn, predict_fn or output_fn"
            )
        self._lock = threading.Lock()
        self._model = self._call(self._functions["model_fn"], 1, str(model_dir))

    def answer(self, body: bytes, content_type: str, accept: str) -> bytes:
        """Returns the response body for a request body; raises whatever a handler raises."""
        data = body.decode("utf-8") if content_type in TEXT_TYPES else body
        with self._lock:
            if self._transform:
                result = self._call(self._transform, 4, self._model, data, content_type, accept)
            else:
                steps = self._functions
                value = self._call(steps["input_fn"], 2, data, content_type)
                prediction = self._call(steps["predict_fn"], 2, value, self._model)
                result = self._call(steps["output_fn"], 2, prediction, accept)
        if isinstance(result, (bytes, bytearray)):
            return bytes(result)
        return (result if isinstance(result, str) else json.dumps(result)).encode()

    @staticmethod
    def _call(function, count, *arguments):
        """Calls a handler with or without the trailing context argument, as it is declared."""
        parameters = len(inspect.signature(function).parameters)
        if parameters == count + 1:
            return function(*arguments, None)
        if parameters != count:
            raise TypeError(
                f"{function.__name__} takes {parameters} arguments, but {count} or {count + 1}"
                " (with the context) are needed"
            )
        return function(*arguments)


def load_module(model_dir: Path):
    """Imports the model's own module, or returns None when it brings none."""
    code = model_dir / "code"
    path = code / os.environ.get("SAGEMAKER_PROGRAM", "inference.py")
    if (code / "requirements.txt").exists():
        print("code/requirements.txt is not installed: this server uses a prepared environment")
    if not path.is_file():
        return None
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def defaults() -> dict:
    """Returns the toolkit's own functions: a transformers pipeline, JSON in, JSON out."""

    def model_fn(model_dir):
        from transformers import pipeline

        return pipeline(task_of(Path(model_dir)), model=model_dir, tokenizer=model_dir)

    def input_fn(data, content_type):
        if content_type != JSON:
            raise ValueError(f"Content type {content_type} is not supported; send {JSON}.")
        return json.loads(data)

    def predict_fn(data, model):
        if not isinstance(data, dict) or "inputs" not in data:
            raise ValueError('The body must be an object with the member "inputs".')
        return model(data["inputs"], **(data.get("parameters") or {}))

    def output_fn(prediction, accept):
        if accept != JSON:
            raise ValueError(f"Accept type {accept} is not supported; ask for {JSON}.")
        return json.dumps(prediction)

    return {
        "model_fn": model_fn,
        "input_fn": input_fn,
        "predict_fn": predict_fn,
        "output_fn": output_fn,
    }


def task_of(model_dir: Path) -> str:
    """Returns the pipeline task: `$HF_TASK`, or what the model's architecture stands for."""
    if os.environ.get("HF_TASK"):
        return os.environ["HF_TASK"]
    config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    for architecture in config.get("architectures") or []:
        for suffix, task in TASKS.items():
            if architecture.endswith(suffix):
                return task
    raise ValueError("The model's task is not known; set HF_TASK or bring code/inference.py.")


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts connections, one thread each, and knows how many requests are being answered."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, model: Model) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.model = model
        self.max_body = max_body()
        self._busy = 0
        self._changed = threading.Condition()

    def count(self, change: int) -> None:
        """Counts a request in (1) or out (-1)."""
        with self._changed:
            self._busy += change
            self._changed.notify_all()

    def drain(self) -> None:
        """Waits until no request is being answered."""
        end = time.monotonic() + DRAIN_SECONDS
        with self._changed:
            while self._busy and time.monotonic() < end:
                self._changed.wait(end - time.monotonic())


def max_body() -> int:
    """Returns the largest request body in bytes."""
    limit = os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB")
    return int(limit) * 1024 * 1024 if limit else DEFAULT_MAX_BODY


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answers the health check."""
        self.reply(200 if self.path == "/ping" else 404, b"", JSON)

    def do_POST(self) -> None:
        """Answers an invocation."""
        if self.path != "/invocations":
            self.refuse(404, "ResourceNotFoundException", f"There is nothing at {self.path}.")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.refuse(411, "LengthRequiredException", "A Content-Length is needed.")
            return
        if int(length) > self.server.max_body:
            self.refuse(413, "RequestEntityTooLargeException", "The body is too large.")
            return
        body = self.rfile.read(int(length))
        content_type = (self.headers.get("Content-Type") or JSON).split(";")[0].strip().lower()
        accept = self.headers.get("Accept") or JSON
        accept = JSON if accept == "*/*" else accept
        self.server.count(1)
        try:
            status, answer = 200, self.server.model.answer(body, content_type, accept)
        except Exception as error:  # noqa: BLE001 - the toolkit answers 400 whatever was raised
            traceback.print_exc()
            status, accept = 400, JSON
            answer = problem(400, "InternalServerException", str(error))
        try:
            self.reply(status, answer, accept)
        finally:
            self.server.count(-1)

    def refuse(self, status: int, kind: str, message: str) -> None:
        """Answers without having read the body, so the connection cannot be kept."""
        self.close_connection = True
        self.reply(status, problem(status, kind, message), JSON)

    def reply(self, status: int, body: bytes, content_type: str) -> None:
        """Sends head and body in one segment."""
        lines = [
            f"HTTP/1.1 {status} {self.responses[status][0]}",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
        ]
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keeps quiet: a line per request would cost more than it tells."""


def problem(status: int, kind: str, message: str) -> bytes:
    """Returns the toolkit's error body."""
    return json.dumps({"code": status, "type": kind, "message": message}).encode()


def main() -> None:
    """Loads the model, then serves it until SIGTERM, after which started answers are still given."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    model = Model(base / "model")
    server = Server(port, model)

    def stop() -> None:
        server.shutdown()
        server.drain()
        os._exit(0)

    def on_signal(*_: object) -> None:
        threading.Thread(target=stop, daemon=True).start()

    signal.signal(signal.SIGTERM, on_signal)
    print(f"model loaded; serving on port {port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    threading.Event().wait()


if __name__ == "__main__":
    main()
