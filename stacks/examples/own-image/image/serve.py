"""Serves a model under the SageMaker hosting contract, with the standard library only.

`GET /ping` answers 200 once the model is loaded; `POST /invocations` is answered by the functions
of `code/inference.py` in the model: `model_fn`, `input_fn`, `predict_fn`, `output_fn`. The same
four are what the images of AWS and the local engine call, so one file serves in all three.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

JSON = "application/json"


def load(folder: Path) -> ModuleType:
    """Imports `code/inference.py` of the model."""
    path = folder / "code" / "inference.py"
    spec = importlib.util.spec_from_file_location("inference", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    code: ModuleType
    model: Any

    def do_GET(self) -> None:
        """Says that the model is loaded."""
        self._reply(200 if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        """Classifies."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path != "/invocations":
            self._reply(404, b"")
            return
        try:
            data = self.code.input_fn(body, self.headers.get("content-type", JSON))
            prediction = self.code.predict_fn(data, self.model)
            answer = self.code.output_fn(prediction, self.headers.get("accept", JSON))
        except ValueError as error:
            self._reply(400, str(error).encode())
            return
        self._reply(200, answer.encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", JSON)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Loads the model and serves until SIGTERM."""
    folder = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model"
    Handler.code = load(folder)
    Handler.model = Handler.code.model_fn(str(folder))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
