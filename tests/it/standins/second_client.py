"""Makes calls with boto3, so that a second client sees what the adapters did.

    python second_client.py URL REGION

Reads one line of JSON after the other, [access key, [[service, method, arguments], ...]], and
answers each with a line: the list of answers. A call that is refused answers
{"Error": {"Code", "Message"}}. In the arguments, {"$bytes": text} stands for bytes; bytes of an
answer are printed as text. It ends with its input.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SESSION = boto3.Session("-", "-", region_name=sys.argv[2])
CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})


@functools.cache
def client(service: str, key: str) -> Any:
    """Makes a service's client for a caller."""
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": "secret"}
    return SESSION.client(service, endpoint_url=sys.argv[1], config=CONFIG, **credentials)


def call(key: str, service: str, method: str, arguments: dict[str, Any]) -> Any:
    """Makes a call and returns its answer or its refusal."""
    try:
        answer = getattr(client(service, key), method)(**arguments)
    except ClientError as error:
        return {"Error": error.response["Error"]}
    answer.pop("ResponseMetadata", None)
    return answer


def bytes_of(pairs: dict[str, Any]) -> Any:
    """Turns {"$bytes": text} into bytes."""
    return pairs["$bytes"].encode() if "$bytes" in pairs else pairs


def printable(value: Any) -> Any:
    """Makes what JSON does not know into text."""
    if hasattr(value, "read"):
        value = value.read()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


for line in sys.stdin:
    caller, calls = json.loads(line, object_hook=bytes_of)
    print(json.dumps([call(caller, *one) for one in calls], default=printable), flush=True)
