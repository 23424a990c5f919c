"""Measures the load generator of `deploy load` against wrk, on the same static target in one run.

    cargo build --release --no-default-features --example put_load
    python3 tests/bench/load.py --program target/release/examples/put_load

Needs wrk (`apt-get install wrk`). The two take turns, so that a busy machine is as busy for
both. The target is an HTTP server of this repository; a slower one would hide the difference.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from measure import run


def wrk_rate(program: str, url: str, connections: int, seconds: int) -> float:
    """The requests a second of wrk."""
    command = [program, "-t2", f"-c{connections}", f"-d{seconds}s", url]
    text = run(command, Path.cwd())
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"wrk had errors:\n{text}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", text)
    if not found:
        sys.exit(f"wrk says no rate:\n{text}")
    return float(found.group(1))


def own_rate(program: Path, url: str, connections: int, seconds: int) -> tuple[float, float]:
    """The requests a second of the product's own code, and its 99th percentile in milliseconds."""
    numbers = ["--connections", str(connections), "--seconds", str(seconds)]
    report = json.loads(run([str(program), "run", url, *numbers], Path.cwd()))
    if report["errors"]:
        sys.exit(f"there were errors: {report['errors']}")
    return float(report["rate"]), float(report["latency_as_measured_ms"]["p99"])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path("target/release/examples/put_load")
    parser.add_argument("--program", type=Path, default=default)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("wrk is not installed: `apt-get install wrk` on Debian")
    program = arguments.program.resolve()

    server = subprocess.Popen([str(program), "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        ratios = []
        print(f"{'requests a second':<20} {'wrk':>10} {'deploy':>10} {'ratio':>7} {'p99 ms':>8}")
        for index in range(arguments.rounds):
            theirs = wrk_rate(wrk, url, arguments.connections, arguments.seconds)
            ours, p99 = own_rate(program, url, arguments.connections, arguments.seconds)
            ratios.append(ours / theirs)
            name = f"round {index + 1}"
            print(f"{name:<20} {theirs:>10.0f} {ours:>10.0f} {ratios[-1]:>7.2f} {p99:>8.2f}")
        print(f"median ratio {statistics.median(ratios):.2f} (aim: at least 0.7)")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
