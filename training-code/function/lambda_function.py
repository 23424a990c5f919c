"""Lambda function between the HTTP API and the endpoint.

Takes an HTTP API event (payload 2.0) or a direct invocation with the same content. The body is
`{"text": "..."}` or `{"texts": ["...", ...]}`; a text may be called a headline, and one may be in
`query`, as in `{"query": {"headline": "..."}}`. The answer is what the endpoint says, as a JSON
object. A refusal or failure answers
`{"error": {"code", "message", "request_id"}}`: what went wrong inside stands in the log, one JSON
line a request, and never in the answer.

`GET` of a path that ends in `/health` says that API and function work. It does not ask the
endpoint: whoever watches asks every few seconds, which would cost model time (and keep a serverless
endpoint awake), and the endpoint has health checks and alarms of its own.

`ENDPOINT_NAME` names the endpoint.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

MOST_BODY_BYTES = 256 * 1024
MOST_TEXTS = 256
# The names of one text and of a list, in the order in which they are looked for.
ONE = ("text", "headline")
LIST = ("texts", "headlines")
MOST_CHARACTERS = 10_000
# The HTTP API gives up after 30 s, so there is no time for a second wait of this length.
CONNECT_SECONDS = 1
READ_SECONDS = 20
ATTEMPTS = 2
PAUSE_SECONDS = 0.1
# Of the function's own time, what is kept for connecting twice, the pause, and answering.
RESERVED_SECONDS = 4
# When to come back after a trouble that is likely to be over soon.
RETRY_AFTER = {429: "1", 503: "1"}

BUSY_CODES = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
UNAVAILABLE_CODES = frozenset(
    {
        "InternalDependencyException",
        "InternalFailure",
        "ModelNotReadyException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        # The runtime's word for an endpoint that does not exist or is not in service.
        "ValidationError",
    }
)
RETRIED_CODES = BUSY_CODES | {"ServiceUnavailable", "ServiceUnavailableException"}
# Nothing was answered yet, or the server hung up: asking again costs no long wait.
RETRIED_ERRORS = (ConnectTimeoutError, EndpointConnectionError, ConnectionClosedError)


# An exception must stay hashable, which comparing by value would end.
@dataclass(eq=False)
class Problem(Exception):
    """A request that ends without a classification; `cause` is for the log only."""

    status: int
    code: str
    message: str
    cause: str = ""


@dataclass(frozen=True)
class Question:
    """The texts of one request; `single` when one was asked for and not a list."""

    texts: list[str]
    single: bool

    def inputs(self) -> str | list[str]:
        """Gives the texts as the endpoint takes them."""
        return self.texts[0] if self.single else self.texts


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answers one event; whatever happens, the result is an HTTP response."""
    started = time.monotonic()
    request_id = _request_id(event, context)
    asked, cause = 0, ""
    body: dict[str, Any]
    try:
        if _is_health(event):
            status, body = 200, {"status": "ok"}
        else:
            question = read_question(event)
            asked = len(question.texts)
            status, body = 200, classify(question, _patience(context))
    except Problem as problem:
        status, cause = problem.status, problem.cause
        body = _problem_body(problem.code, problem.message, request_id)
    except Exception as error:
        status, cause = 500, f"{type(error).__name__}: {error}"
        body = _problem_body("internal", "the request could not be handled", request_id)
    _log(request_id, status, asked, started, body, cause)
    headers = {"content-type": "application/json"}
    if status in RETRY_AFTER:
        headers["retry-after"] = RETRY_AFTER[status]
    return {
        "statusCode": status,
        "headers": headers,
        "body": json.dumps(body, ensure_ascii=False),
    }


def read_question(event: Mapping[str, Any]) -> Question:
    """Takes the texts from an HTTP event or a direct one, or raises `Problem`."""
    document = _document(event)
    for name in LIST:
        if name in document:
            return Question(_texts(name, document[name]), single=False)
    query = document.get("query")
    # The form of the reference project knows headlines only.
    holder, names = (query, ("headline",)) if isinstance(query, dict) else (document, ONE)
    for name in names:
        if name in holder:
            return Question([_text(name, holder[name])], single=True)
    raise _bad('send {"text": "..."} or {"texts": ["...", ...]}')


def classify(question: Question, patience: int = READ_SECONDS) -> dict[str, Any]:
    """Asks the endpoint, waiting `patience` seconds, and checks its answer, or raises `Problem`."""
    raw = _invoke(json.dumps({"inputs": question.inputs()}).encode(), patience)
    try:
        answer = json.loads(raw)
    except ValueError as error:
        raise _bad_model(f"the answer is not JSON: {error}") from error
    if not isinstance(answer, dict):
        raise _bad_model(f"the answer is a {type(answer).__name__}, not an object")
    if question.single:
        if "predicted_label" not in answer:
            raise _bad_model("the answer has no predicted_label")
    elif len(answer.get("predictions") or []) != len(question.texts):
        raise _bad_model("the answer has not one prediction a text")
    return answer


@functools.cache
def runtime(patience: int) -> Any:
    """Makes the client once a wait; it lives as long as the function's process."""
    # Retrying is done here: botocore would also repeat a read that timed out.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=patience,
        retries={"total_max_attempts": 1},
    )
    return boto3.client("sagemaker-runtime", config=config)


def _invoke(body: bytes, patience: int) -> bytes:
    name = os.environ.get("ENDPOINT_NAME")
    if not name:
        raise Problem(500, "internal", "the service is misconfigured", "ENDPOINT_NAME is not set")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = runtime(patience).invoke_endpoint(
                EndpointName=name,
                ContentType="application/json",
                Accept="application/json",
                Body=body,
            )
            content: bytes = answer["Body"].read()
            return content
        except (BotoCoreError, ClientError) as error:
            if attempt == ATTEMPTS or not _worth_retrying(error):
                raise _problem_of(error) from error
        time.sleep(PAUSE_SECONDS * (1 + random.random()))
    raise AssertionError("the last attempt returns or raises")


def _patience(context: object) -> int:
    """Says how long the model may take, in seconds, so that the function still answers in time."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return READ_SECONDS
    return max(1, min(READ_SECONDS, int(remaining()) // 1000 - RESERVED_SECONDS))


def _worth_retrying(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in RETRIED_CODES
    return isinstance(error, RETRIED_ERRORS)


def _problem_of(error: Exception) -> Problem:
    """Says in HTTP terms what the call to the endpoint came to."""
    cause = f"{type(error).__name__}: {error}"
    if isinstance(error, ReadTimeoutError):
        return Problem(504, "timeout", "the model took too long to answer", cause)
    if not isinstance(error, ClientError):
        return Problem(503, "unavailable", "the model cannot be reached; try again", cause)
    code = error.response["Error"]["Code"]
    if code in BUSY_CODES:
        return Problem(429, "too_many_requests", "too many requests; try again later", cause)
    if code == "ModelError":
        return _bad_model(cause)
    if code in UNAVAILABLE_CODES:
        return Problem(503, "unavailable", "the model is not in service; try again", cause)
    return Problem(500, "internal", "the request could not be handled", cause)


def _is_health(event: Mapping[str, Any]) -> bool:
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if not isinstance(http, dict):
        return False
    return http.get("method") == "GET" and str(http.get("path")).endswith("/health")


def _document(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Gives the JSON object that the request carries; a direct event may be that object."""
    if "body" not in event:
        if "requestContext" in event:
            raise _bad("the body is missing; send a JSON object")
        return event
    body = event["body"]
    if isinstance(body, dict):
        return body
    if not isinstance(body, str):
        raise _bad("the body is missing; send a JSON object")
    raw = _bytes(body, encoded=bool(event.get("isBase64Encoded")))
    if len(raw) > MOST_BODY_BYTES:
        raise Problem(413, "too_large", f"the body may hold {MOST_BODY_BYTES} bytes at most")
    try:
        document = json.loads(raw)
    except RecursionError:
        raise _bad("the body is nested too deeply") from None
    except ValueError:
        raise _bad("the body is not JSON") from None
    if not isinstance(document, dict):
        raise _bad("the body must be a JSON object")
    return document


def _bytes(body: str, *, encoded: bool) -> bytes:
    if not encoded:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise _bad("the body is not valid base64") from None


def _texts(name: str, values: object) -> list[str]:
    if not isinstance(values, list) or not values:
        raise _bad(f"{name} must be a list with at least one string")
    if len(values) > MOST_TEXTS:
        raise _bad(f"at most {MOST_TEXTS} {name} fit one request")
    return [_text(name.removesuffix("s"), value) for value in values]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _bad(f"a {name} must be a string that is not blank")
    if len(value) > MOST_CHARACTERS:
        raise _bad(f"a {name} may hold {MOST_CHARACTERS} characters at most")
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON can escape half a character, which no tokenizer takes.
        raise _bad(f"a {name} must be valid Unicode text") from None
    return value


def _bad(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def _bad_model(cause: str) -> Problem:
    return Problem(502, "bad_model_answer", "the model failed to classify the text", cause)


def _problem_body(code: str, message: str, request_id: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "request_id": request_id}}


def _request_id(event: Mapping[str, Any], context: object) -> str:
    """Prefers the id that the caller sees in the HTTP API's own header."""
    http = event.get("requestContext")
    given = http.get("requestId") if isinstance(http, dict) else None
    return str(given or getattr(context, "aws_request_id", "") or "unknown")


def _log(
    request_id: str, status: int, asked: int, started: float, body: dict[str, Any], cause: str
) -> None:
    """Writes the request's one line; texts stay out of the log."""
    line: dict[str, Any] = {
        "level": "ERROR" if status >= 500 else "INFO",
        "request_id": request_id,
        "status": status,
        "headlines": asked,
        "milliseconds": round(1000 * (time.monotonic() - started), 1),
    }
    if "error" in body:
        line["code"] = body["error"]["code"]
    if cause:
        line["cause"] = cause
    print(json.dumps(line), flush=True)
