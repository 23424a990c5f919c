"""Measures deployers beside each other: first deploy, no change, one changed property, teardown.

    cargo build --release --example one_stack
    python3 tests/bench/deployers.py --cache ~/.cache/deploy-bench

All of them bring the same small stack (bucket, role, Lambda function) up and down against the same
MiniStack, through a proxy that counts API calls; whole processes are measured, from start to exit.
The line `deploy` is tests/bench/one_stack.rs: one stack by the product's own code, since `deploy`
itself brings up whole environments with a model, which MiniStack cannot stand in for. The yardstick
is boto3 in a loop that asks every 20 ms, which nobody may do to AWS. The tools are installed into
the cache folder from PyPI and npm (about 800 MB, once). Prints Markdown. Needs Linux, Node.js 20
and npm. Five runs of all take about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from counting_proxy import CountingProxy
from deployer_tools import Deployer, Deployers
from measure import failed
from other_tools import install_python

ROOT = Path(__file__).resolve().parents[2]
PHASES = ("first deploy", "no change", "one property", "teardown")
LIMIT = 300
# The yardstick without what Python and boto3 take to start.
BARE = "its work alone"


@dataclass
class Run:
    """One run of one command."""

    wall: float
    cpu: float
    peak: float
    calls: Counter[str]


class MiniStack:
    """The stand-in, for as long as it is needed."""

    def __init__(self, cache: Path, folder: Path) -> None:
        """Starts it on loopback."""
        python = install_python(cache, "ministack") / "python"
        self.port = free_port()
        where = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "TMPDIR": str(folder)}
        self.log = (folder / "ministack.log").open("w+")
        self.process = subprocess.Popen(
            [str(python), "-m", "ministack"],
            cwd=folder,
            env=dict(os.environ) | where,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        started = time.monotonic()
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self.process.poll() is not None or time.monotonic() - started > 60:
                self.log.seek(0)
                sys.exit(f"MiniStack does not start:\n{self.log.read()}")
            time.sleep(0.05)

    def __enter__(self) -> MiniStack:
        """Is there already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it."""
        self.process.terminate()
        self.process.wait()
        self.log.close()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def processes(root: int) -> list[int]:
    """A process and all that it has started."""
    try:
        text = Path(f"/proc/{root}/task/{root}/children").read_text()
    except OSError:
        return [root]
    return [root, *(found for child in text.split() for found in processes(int(child)))]


def high_water(process: int, own: Path) -> float:
    """The peak of a process's memory in MiB; before its exec it has this interpreter's, and 0."""
    try:
        if Path(f"/proc/{process}/exe").resolve() == own:
            return 0
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return max((int(line.split()[1]) / 1024 for line in lines if "VmHWM" in line), default=0)


def watch_memory(child: int, peak: list[float], ended: threading.Event) -> None:
    """Notes the peak of the largest of a command's processes, as the kernel counts it."""
    own = Path("/proc/self/exe").resolve()
    while not ended.wait(0.004):
        peak[0] = max(peak[0], *(high_water(process, own) for process in processes(child)))


def run(deployer: Deployer, phase: str, proxy: CountingProxy, output: Path) -> Run:
    """Runs the command of a phase; one that fails ends the benchmark."""
    # `aws cloudformation deploy` names its change sets by the second, so no second has two runs.
    time.sleep(1)
    proxy.take()
    command, peak = deployer.command(phase), [0.0]
    with output.open("wb") as out:
        started = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=deployer.cwd,
            env=deployer.env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        ended = threading.Event()
        watcher = threading.Thread(target=watch_memory, args=(child.pid, peak, ended), daemon=True)
        watcher.start()
        timer = threading.Timer(LIMIT, child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        elapsed = (time.perf_counter() - started) * 1000
        timer.cancel()
        ended.set()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        failed(command, child.returncode, output.read_text(errors="replace"))
    watcher.join()
    cpu = (usage.ru_utime + usage.ru_stime) * 1000
    return Run(elapsed, cpu, peak[0], proxy.take())


def overhead(port: int, proxy: CountingProxy, count: int = 300) -> str:
    """What the proxy adds to a call, measured in turns with and without it."""
    body = "Action=ListStacks&Version=2010-05-15"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    times: dict[int, list[float]] = {port: [], proxy.port: []}
    links = {each: http.client.HTTPConnection("127.0.0.1", each) for each in times}
    for _ in range(count):
        for each, link in links.items():
            started = time.perf_counter()
            link.request("POST", "/", body, kind)
            link.getresponse().read()
            times[each].append((time.perf_counter() - started) * 1000)
    direct, through = (statistics.median(times[each]) for each in (port, proxy.port))
    added = through - direct
    return f"A call takes {direct:.2f} ms; the proxy adds {added:.2f} ms (medians of {count})."


def median(runs: list[Run], what: Callable[[Run], float]) -> float:
    """The median of one figure."""
    return statistics.median(what(each) for each in runs)


def row(name: str, runs: list[Run], base: list[Run]) -> str:
    """A line of a table."""
    wall, cpu = median(runs, lambda each: each.wall), median(runs, lambda each: each.cpu)
    times, calls = sorted(each.wall for each in runs), sorted(runs, key=lambda each: each.wall)
    typical = calls[len(calls) // 2].calls
    ratio = wall / median(base, lambda each: each.wall)
    cpu_ratio = cpu / median(base, lambda each: each.cpu)
    named = ", ".join(
        f"{operation} {count}" if count > 1 else operation
        for operation, count in typical.most_common()
    )
    return (
        f"| {name} | {wall:.0f} | {times[0]:.0f} to {times[-1]:.0f} | {ratio:.2f} | {cpu:.0f} |"
        f" {cpu_ratio:.2f} | {max(each.peak for each in runs):.0f} |"
        f" {sum(typical.values())} | {named} |"
    )


def tables(measured: dict[str, dict[str, list[Run]]]) -> None:
    """Prints a table for each phase; ratios are to the first deployer's."""
    base = next(iter(measured.values()))
    for phase in PHASES:
        print(f"\n### {phase}\n")
        print("| tool | ms | range | ratio | CPU ms | ratio | MiB | calls | operations |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|---|")
        for name, phases in measured.items():
            print(row(name, phases[phase], base[phase]))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    built = ROOT / "target/release/examples/one_stack"
    parser.add_argument("--one-stack", type=Path, default=built)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/deploy-bench"))
    parser.add_argument("--count", type=int, default=5, help="runs after one that warms up")
    parser.add_argument("--only", nargs="*", help="first words of tools; the loop always runs")
    arguments = parser.parse_args()
    cache = arguments.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with MiniStack(cache, folder) as ministack:
            proxy = CountingProxy(ministack.port)
            all_of_them = Deployers(cache, folder, arguments.one_stack.resolve(), proxy.url).all()
            wanted = [
                each
                for index, each in enumerate(all_of_them)
                if index == 0 or not arguments.only or each.name.split()[0] in arguments.only
            ]
            print(overhead(ministack.port, proxy))
            measured: dict[str, dict[str, list[Run]]] = {}
            for deployer in wanted:
                runs = measured.setdefault(deployer.name, {phase: [] for phase in PHASES})
                if deployer is wanted[0]:
                    bare = measured.setdefault(BARE, {phase: [] for phase in PHASES})
                for turn in range(arguments.count + 1):
                    for phase in PHASES:
                        one = run(deployer, phase, proxy, folder / "output.txt")
                        print(f"{deployer.name}: {phase} {one.wall:.0f} ms", file=sys.stderr)
                        if turn:
                            runs[phase].append(one)
                        if turn and deployer is wanted[0]:
                            wall, cpu = map(float, (folder / "output.txt").read_text().split())
                            bare[phase].append(Run(wall, cpu, one.peak, one.calls))
            tables(measured)


if __name__ == "__main__":
    main()
