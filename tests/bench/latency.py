"""Measures a warm headline's way through HTTP API, Lambda and endpoint, and the engine's share of it.

Two environments are measured in one run: the one of the project that is up (`deploy up` first), and
one made for the purpose, whose model and function answer at once. What that one takes is what the
engine itself takes, client included:

* `api + null function`: an HTTP API call whose function returns a constant;
* `endpoint + null model`: an InvokeEndpoint call whose model returns a constant.

Their sum bounds the engine's share of a real request from above.

    <python of the local environment> tests/bench/latency.py --deploy target/release/deploy

Needs boto3, to sign one InvokeEndpoint request (which is then sent again and again over one connection).
"""

from __future__ import annotations

import argparse
import configparser
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

HEADLINE = "Fed official says weak data caused by weather"
TRAIN = '''
import os, pathlib
code = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model" / "code"
code.mkdir(parents=True)
(code / "inference.py").write_text("""
import json
ANSWER = json.dumps({"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]})
def model_fn(model_dir): return None
def input_fn(body, content_type): return body
def predict_fn(data, model): return data
def output_fn(answer, accept): return ANSWER
""")
'''
FUNCTION = '''
import json
ANSWER = {"statusCode": 200, "headers": {"content-type": "application/json"},
          "body": json.dumps({"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]})}
def handler(event, context): return ANSWER
'''
STACK = """
stack: bare
data: {{ file: data.csv }}
training:
  code: code
  entry_point: train.py
  image: {{ pytorch: "2.8.0", transformers: "4.56.2" }}
  instance: ml.g4dn.xlarge
endpoint:
  image: {{ pytorch: "2.6.0", transformers: "5.5.3" }}
  instance: ml.m5.large
function: {{ code: function, handler: main.handler, runtime: python3.12 }}
api: {{ routes: [POST /classify], throttle: {{ rate: 10000, burst: 5000 }} }}
environments:
  local: {{ target: local, local: {{ port: 4599, python: {{ interpreter: {python} }} }} }}
"""


def deploy(program: Path, *arguments: str, cwd: Path, port: int | None = None) -> dict[str, object]:
    """Runs deploy and returns its JSON result."""
    environment = dict(os.environ)
    if port is not None:
        environment["DEPLOY_LOCAL_PORT"] = str(port)
    command = [str(program), *arguments, "--output", "json"]
    done = subprocess.run(
        command, cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    result: dict[str, object] = json.loads(done.stdout)
    return result


def measure(url: str, body: bytes, headers: dict[str, str], count: int) -> list[float]:
    """Sends the same request `count` times over one connection; returns milliseconds, warm."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for index in range(count + 20):
        started = time.perf_counter()
        connection.request("POST", parts.path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        elapsed = (time.perf_counter() - started) * 1000
        if response.status != 200:
            sys.exit(f"{url} answered {response.status}: {answer[:300]!r}")
        if index >= 20:
            times.append(elapsed)
    connection.close()
    return times


def signed(folder: Path, url: str, body: bytes) -> dict[str, str]:
    """Signs an InvokeEndpoint request with the engine's credentials (valid for five minutes)."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    file = configparser.ConfigParser()
    file.read(folder / ".deploy/local/credentials")
    section = file["default"]
    keys = Credentials(section["aws_access_key_id"], section["aws_secret_access_key"])
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(keys, "sagemaker", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def row(name: str, times: list[float]) -> None:
    """Prints a line of percentiles."""
    cut = statistics.quantiles(times, n=100)
    print(
        f"{name:<28} {len(times):>5}  {statistics.median(times):>8.2f} {cut[89]:>8.2f}"
        f" {cut[98]:>8.2f} {max(times):>8.2f}"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deploy", type=Path, default=Path("target/release/deploy"))
    parser.add_argument("--project", type=Path, default=Path())
    parser.add_argument("--count", type=int, default=500)
    arguments = parser.parse_args()
    program = arguments.deploy.resolve()

    status = deploy(program, "status", cwd=arguments.project)
    if not status.get("url"):
        sys.exit("nothing is up here: run `deploy up` first")
    query = json.dumps({"query": {"headline": HEADLINE}}).encode()
    json_header = {"Content-Type": "application/json"}
    whole = measure(str(status["url"]), query, json_header, arguments.count)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = folder / "stacks/bare"
        (stack / "code").mkdir(parents=True)
        (stack / "function").mkdir()
        (stack / "data.csv").write_text("x\n")
        (stack / "code/train.py").write_text(TRAIN)
        (stack / "function/main.py").write_text(FUNCTION)
        (stack / "stack.yaml").write_text(STACK.format(python=sys.executable))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        up = deploy(program, "up", cwd=folder, port=port)
        try:
            outputs = up["outputs"]
            assert isinstance(outputs, dict)
            function = measure(outputs["ClassifyUrl"], query, json_header, arguments.count)
            url = f"http://127.0.0.1:{port}/endpoints/{outputs['EndpointName']}/invocations"
            body = json.dumps({"inputs": HEADLINE}).encode()
            headers = signed(folder, url, body)
            endpoint = measure(url, body, headers, arguments.count)
        finally:
            deploy(program, "down", cwd=folder, port=port)

    print(f"{'milliseconds':<28} {'calls':>5}  {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}")
    row("headline, whole way", whole)
    row("api + null function", function)
    row("endpoint + null model", endpoint)
    share = statistics.median(function) + statistics.median(endpoint)
    total = statistics.median(whole)
    print(f"engine's share (p50 sum)     {share:.2f} ms = {share / total:.0%} of {total:.2f} ms")


if __name__ == "__main__":
    main()
