"""Runs a Lambda function's handler for the local engine.

The engine starts one process per warm instance and listens on loopback. This script connects,
proves itself with a token and then answers one invocation after the other. A frame in either
direction is two length-prefixed blocks: a JSON header and a body. What the handler prints goes to
standard output; a mark on it tells the engine that an invocation's output is complete.
"""

import importlib
import json
import logging
import os
import resource
import socket
import struct
import sys
import time
import traceback

MARK = "\x1e"


class Context:
    """The second argument of every handler."""

    def __init__(self, header):
        self.aws_request_id = header["request_id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = header["function_arn"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self.tenant_id = None
        self._deadline = time.monotonic() + header["remaining_ms"] / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """Writes records as the managed runtime does: level, time, request id, message."""

    request_id = ""

    def emit(self, record):
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = f"[{record.levelname}]\t{when}.{int(record.msecs):03d}Z\t{self.request_id}\t"
        sys.stdout.write(head + self.format(record) + "\n")


class Engine:
    """The connection to the engine."""

    def __init__(self, address, token):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self.send({"kind": "hello", "token": token}, b"")

    def send(self, header, body):
        head = json.dumps(header).encode()
        self.socket.sendall(
            struct.pack(">I", len(head)) + head + struct.pack(">I", len(body)) + body
        )

    def receive(self):
        head = self._block()
        if head is None:
            return None, None
        return json.loads(head), self._block()

    def _block(self):
        prefix = self.reader.read(4)
        if len(prefix) < 4:
            return None
        (length,) = struct.unpack(">I", prefix)
        return self.reader.read(length)


class InitError(Exception):
    """The handler cannot be found; carries the service's error type."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = kind
        self.trace = list(trace)


def load_handler(name):
    """Imports `module.function` as the managed runtime does, with its error types."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise InitError("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    path = module_name.replace("/", ".")
    try:
        module = importlib.import_module(path)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise InitError("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise InitError("Runtime.UserCodeSyntaxError", message, [place]) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise InitError("Runtime.HandlerNotFound", message) from None


def describe(error, kind=None, trace=None, request_id=""):
    """Makes the error document that callers of a failed function get."""
    if trace is None:
        own = os.path.abspath(__file__)
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if os.path.abspath(frame.filename) != own
        ]
        trace = traceback.format_list(frames)
    return {
        "errorMessage": str(error),
        "errorType": kind or type(error).__name__,
        "requestId": request_id,
        "stackTrace": trace,
    }


def log_error(document):
    lines = [f"[ERROR] {document['errorType']}: {document['errorMessage']}"]
    if document["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        for entry in document["stackTrace"]:
            lines.extend(entry.rstrip("\n").split("\n"))
    print("\n".join(lines))


def run(handler, header, body):
    """Calls the handler once and returns what kind of answer it gave, and the answer."""
    request_id = header["request_id"]
    try:
        event = json.loads(body) if body else {}
        result = handler(event, Context(header))
    except BaseException as error:  # noqa: BLE001 - a handler may raise anything, SystemExit included
        if isinstance(error, SystemExit):
            raise
        document = describe(error, request_id=request_id)
        log_error(document)
        return "error", json.dumps(document).encode()
    try:
        return "result", json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        document = describe(InitError("", message), "Runtime.MarshalError", [], request_id)
        log_error(document)
        return "error", json.dumps(document).encode()


def memory_mb():
    """Tells the most memory that this process ever used, in MiB."""
    try:
        # Not by getrusage, which begins with what the engine used when it started this process.
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
    except OSError:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used // (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return -(-int(line.split()[1]) // 1024)


def set_up_logging():
    handler = LogHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "WARNING").upper()
    root.setLevel({"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}.get(level, level))
    return handler


def mark(request_id):
    sys.stdout.flush()
    sys.stderr.flush()
    sys.stdout.write(f"{MARK}{request_id}\n")
    sys.stdout.flush()


def main():
    # The function must neither see nor inherit the secret that opens the engine's door.
    engine = Engine(os.environ.pop("DEPLOY_RUNTIME_ADDRESS"), os.environ.pop("DEPLOY_RUNTIME_TOKEN"))
    handler_name = os.environ["_HANDLER"]
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = task_root
    logs = set_up_logging()
    try:
        handler = load_handler(handler_name)
    except InitError as error:
        document = describe(error, error.kind, error.trace)
        log_error(document)
        mark("init")
        engine.send({"kind": "init_error"}, json.dumps(document).encode())
        return 1
    except Exception as error:  # noqa: BLE001 - module code may raise anything
        document = describe(error)
        document["stackTrace"] = [
            entry for entry in document["stackTrace"] if "importlib" not in entry
        ]
        log_error(document)
        mark("init")
        engine.send({"kind": "init_error"}, json.dumps(document).encode())
        return 1
    mark("init")
    engine.send({"kind": "ready"}, b"")
    while True:
        header, body = engine.receive()
        if header is None:
            return 0
        logs.request_id = header["request_id"]
        kind, answer = run(handler, header, body)
        mark(header["request_id"])
        used = memory_mb()
        engine.send({"kind": kind, "request_id": header["request_id"], "memory_mb": used}, answer)


if __name__ == "__main__":
    sys.exit(main())
