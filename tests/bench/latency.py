"""Measures what the local engine adds to a request, and how many it bears for how long.

An environment is made for the purpose, whose model answers at once, or after 5 ms when asked to
wait. What it takes is what the engine itself takes, client included:

* `api + null function`: an HTTP API call whose function returns a constant;
* `endpoint + null model`: an InvokeEndpoint call whose model returns a constant; the sum of both
  bounds the engine's share of a real request from above;
* `whole way, null model`: API, the shipped function with its own client of AWS, endpoint: what a
  caller waits for beside the model.

Then many connections send one request after the other for a while, the whole way, to the model that
takes 5 ms. Any answer but 200 is an error. With `--project` the real model of a project that is up
(`deploy up` first) is measured too.

    <python of the local environment> tests/bench/latency.py --deploy target/release/deploy

Needs boto3: the function uses it, and one InvokeEndpoint request is signed (and then sent again and
again over one connection). Ends with 1 when a budget is not met, unless `--no-budgets` is given.
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
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

# What the engine may add to a request, in milliseconds: to half of all, to all but one in 100.
MOST_P50, MOST_P99 = 5.0, 20.0
HEADLINE = "Fed official says weak data caused by weather"
TRAIN = '''
import os, pathlib
code = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model" / "code"
code.mkdir(parents=True)
(code / "inference.py").write_text("""
import json, time
ANSWER = json.dumps({"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]})
def model_fn(model_dir): return None
def input_fn(body, content_type): return body
def predict_fn(data, model):
    if b"wait" in (data if isinstance(data, bytes) else data.encode()): time.sleep(0.005)
    return data
def output_fn(answer, accept): return ANSWER
""")
'''
FUNCTION = """
import json
import lambda_function
ANSWER = {"statusCode": 200, "headers": {"content-type": "application/json"},
          "body": json.dumps({"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]})}
def handler(event, context):
    if event["rawPath"] == "/null": return ANSWER
    return lambda_function.handler(event, context)
"""
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
api: {{ routes: [POST /classify, POST /null], throttle: {{ rate: 10000, burst: 5000 }} }}
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


def row(name: str, times: list[float]) -> tuple[float, float]:
    """Prints a line of percentiles; returns p50 and p99."""
    cut = statistics.quantiles(times, n=100)
    middle = statistics.median(times)
    print(
        f"{name:<28} {len(times):>6}  {middle:>8.2f} {cut[89]:>8.2f}"
        f" {cut[98]:>8.2f} {max(times):>8.2f}"
    )
    return middle, cut[98]


def sustain(url: str, body: bytes, connections: int, seconds: float) -> tuple[list[float], int]:
    """Keeps connections busy for a while; returns milliseconds and the number of errors."""
    parts = urlsplit(url)
    times: list[float] = []
    failed = 0
    guard = threading.Lock()
    end = time.perf_counter() + seconds

    def caller() -> None:
        nonlocal failed
        own: list[float] = []
        errors = 0
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        while (started := time.perf_counter()) < end:
            try:
                connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                errors += response.status != 200
            except (OSError, http.client.HTTPException):
                errors += 1
                connection.close()
            own.append((time.perf_counter() - started) * 1000)
        connection.close()
        with guard:
            times.extend(own)
            failed += errors

    threads = [threading.Thread(target=caller) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, failed


def write_project(folder: Path) -> None:
    """Writes the stack whose model and function answer at once."""
    stack = folder / "stacks/bare"
    (stack / "code").mkdir(parents=True)
    (stack / "function").mkdir()
    (stack / "data.csv").write_text("x\n")
    (stack / "code/train.py").write_text(TRAIN)
    (stack / "function/main.py").write_text(FUNCTION)
    shipped = Path(__file__).parents[2] / "training-code/function/lambda_function.py"
    (stack / "function/lambda_function.py").write_text(shipped.read_text())
    (stack / "stack.yaml").write_text(STACK.format(python=sys.executable))


def budget(name: str, value: float, most: float) -> bool:
    """Prints whether a figure is within its budget."""
    met = value <= most
    print(f"{'met' if met else 'MISSED':<7} {name}: {value:.2f} of at most {most:g}")
    return met


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deploy", type=Path, default=Path("target/release/deploy"))
    parser.add_argument("--project", type=Path, help="a project that is up, to be measured too")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--no-budgets", action="store_true")
    arguments = parser.parse_args()
    program = arguments.deploy.resolve()
    count = arguments.count
    query = json.dumps({"query": {"headline": HEADLINE}}).encode()
    json_header = {"Content-Type": "application/json"}
    rows: dict[str, list[float]] = {}
    if arguments.project:
        status = deploy(program, "status", cwd=arguments.project)
        if not status.get("url"):
            sys.exit("nothing is up there: run `deploy up` first")
        rows["headline, whole way"] = measure(str(status["url"]), query, json_header, count)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        up = deploy(program, "up", cwd=folder, port=port)
        try:
            outputs = up["outputs"]
            assert isinstance(outputs, dict)
            url = outputs["ClassifyUrl"]
            null = outputs["ApiUrl"] + "/null"
            rows["api + null function"] = measure(null, query, json_header, count)
            endpoint = f"http://127.0.0.1:{port}/endpoints/{outputs['EndpointName']}/invocations"
            body = json.dumps({"inputs": HEADLINE}).encode()
            headers = signed(folder, endpoint, body)
            rows["endpoint + null model"] = measure(endpoint, body, headers, count)
            rows["whole way, null model"] = measure(url, query, json_header, count)
            wait = json.dumps({"headline": "wait"}).encode()
            began = time.perf_counter()
            times, failed = sustain(url, wait, arguments.connections, arguments.seconds)
            took = time.perf_counter() - began
        finally:
            deploy(program, "down", cwd=folder, port=port)

    print(f"{'milliseconds':<28} {'calls':>6}  {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}")
    cuts = {name: row(name, times) for name, times in rows.items()}
    row(f"{arguments.connections} connections, 5 ms model", times)
    print(f"sustained: {len(times) / took:.0f} requests/s for {took:.0f} s, {failed} errors")
    parts = [cuts["api + null function"], cuts["endpoint + null model"]]
    met = [
        budget("engine's share, p50 ms", sum(half for half, _ in parts), MOST_P50),
        budget("engine's share, p99 ms", sum(most for _, most in parts), MOST_P99),
        budget("errors", failed, 0),
    ]
    if not all(met) and not arguments.no_budgets:
        sys.exit(1)


if __name__ == "__main__":
    main()
