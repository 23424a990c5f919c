"""Measures tools that move a large object into or within S3, each a whole process, in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from deployers import free_port, watch_memory
from measure import failed

MIB = 1 << 20
REGION = "us-east-1"
LIMIT_MIB = 64


@dataclass
class Run:
    """One run of one tool: seconds, seconds of processors, MiB."""

    wall: float
    cpu: float
    peak: float


class Engine:
    """The local engine, for as long as it is needed."""

    def __init__(self, program: Path, folder: Path) -> None:
        """Starts it in a folder of its own."""
        self.port = free_port()
        place = folder / "engine"
        command = [str(program), "local", "serve", "--folder", str(place)]
        command += ["--cache-folder", str(folder / "cache"), "--port", str(self.port)]
        self.log = (folder / "engine.log").open("w+")
        self.process = subprocess.Popen(
            [*command, "--python", sys.executable], stdout=self.log, stderr=subprocess.STDOUT
        )
        written = place / "credentials"
        started = time.monotonic()
        while not (written.exists() and (place / "engine.json").exists()):
            if self.process.poll() is not None or time.monotonic() - started > 60:
                self.log.seek(0)
                sys.exit(f"the engine does not start:\n{self.log.read()}")
            time.sleep(0.05)
        keys = ConfigParser()
        keys.read(written)
        profile = keys[keys.sections()[0]]
        self.keys = (profile["aws_access_key_id"], profile["aws_secret_access_key"])

    def __enter__(self) -> Engine:
        """Is there already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops it."""
        self.process.terminate()
        self.process.wait()
        self.log.close()


@dataclass
class Stand:
    """A stand-in for S3, and the `aws` that asks it."""

    aws: str
    url: str
    keys: tuple[str, str]

    def environment(self) -> dict[str, str]:
        """What `aws` is told."""
        return dict(os.environ) | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.keys[0],
            "AWS_SECRET_ACCESS_KEY": self.keys[1],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def place(self) -> list[str]:
        """What our programs are told."""
        keys = ["--access-key", self.keys[0], "--secret-key", self.keys[1]]
        return ["--endpoint", self.url, "--region", REGION, *keys]

    def s3(self, *arguments: str) -> None:
        """A command of `aws s3` that is not measured."""
        command = [self.aws, "s3", *arguments]
        done = subprocess.run(
            command, env=self.environment(), check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            failed(command, done.returncode, done.stdout + done.stderr)

    def run(self, command: list[str], bucket: str, env: dict[str, str]) -> Run:
        """Runs a command that fills a new bucket, and removes that with all that is in it."""
        self.s3("mb", f"s3://{bucket}")
        measured = measure(command, env)
        self.s3("rb", "--force", f"s3://{bucket}")
        return measured


def measure(command: list[str], env: dict[str, str]) -> Run:
    """Runs a command from its start to its exit."""
    peak, ended = [0.0], threading.Event()
    started = time.perf_counter()
    child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watcher = threading.Thread(target=watch_memory, args=(child.pid, peak, ended), daemon=True)
    watcher.start()
    # It prints a line or two, which fit into the pipe.
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    ended.set()
    watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    output = child.stdout.read().decode(errors="replace") if child.stdout else ""
    if child.returncode != 0:
        failed(command, child.returncode, output)
    return Run(wall, usage.ru_utime + usage.ru_stime, peak[0])


def in_turns(
    tools: Iterable[str], count: int, run: Callable[[str, str], Run]
) -> dict[str, list[Run]]:
    """Runs each tool `count` times, after one run that does not count, each into its own bucket."""
    measured: dict[str, list[Run]] = {tool: [] for tool in tools}
    for turn in range(count + 1):
        for number, (tool, runs) in enumerate(measured.items()):
            one = run(tool, f"turn-{turn}-{number}")
            print(f"{tool}: {one.wall:.1f} s, {one.peak:.0f} MiB", file=sys.stderr)
            if turn:
                runs.append(one)
    return measured


def report(measured: Mapping[str, list[Run]], mib: int, base: Mapping[str, str]) -> None:
    """Prints a table. Each tool's ratios are to its base; those that are `deploy` have a limit."""
    wall = {tool: statistics.median(one.wall for one in runs) for tool, runs in measured.items()}
    cpu = {tool: statistics.median(one.cpu for one in runs) for tool, runs in measured.items()}
    count = max(len(runs) for runs in measured.values())
    print(f"\n{mib} MiB, medians of {count} runs\n")
    print("| tool | s | range | MiB/s | ratio | CPU s | ratio | peak MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for tool, runs in measured.items():
        other, times = base[tool], sorted(one.wall for one in runs)
        print(
            f"| {tool.replace('|', chr(92) + '|')} | {wall[tool]:.1f} |"
            f" {times[0]:.1f} to {times[-1]:.1f} | {mib / wall[tool]:.0f} |"
            f" {wall[tool] / wall[other]:.2f} | {cpu[tool]:.1f} | {cpu[tool] / cpu[other]:.2f} |"
            f" {max(one.peak for one in runs):.0f} |"
        )
    ours = [runs for tool, runs in measured.items() if tool.startswith("deploy")]
    peak = max(one.peak for runs in ours for one in runs)
    print(f"\n`deploy` stays under {LIMIT_MIB} MiB: {'yes' if peak < LIMIT_MIB else 'NO'}")


def random_file(path: Path, mib: int) -> None:
    """Writes a file that does not compress, and that the page cache holds."""
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
