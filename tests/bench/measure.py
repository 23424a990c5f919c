"""Measures processes: wall time from start to exit, and the peak of their memory."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Measured:
    """Times of one command in milliseconds, and the most memory that it had in MiB."""

    name: str
    times: list[float]
    peak: float | None = None

    @property
    def median(self) -> float:
        """The median time."""
        return statistics.median(self.times)

    def row(self, base: Measured | None = None) -> str:
        """A line of a table under `HEAD`; with `base`, how many times as long it took."""
        times = sorted(self.times)
        worst = times[min(len(times) - 1, int(len(times) * 0.9))]
        peak = f"{self.peak:>8.1f}" if self.peak else " " * 8
        ratio = f" {self.median / base.median:>7.0f}x" if base else ""
        return (
            f"{self.name:<50} {len(times):>4} {self.median:>9.1f} {times[0]:>9.1f}"
            f" {worst:>9.1f} {peak}{ratio}"
        )


HEAD = f"{'milliseconds':<50} {'runs':>4} {'median':>9} {'min':>9} {'p90':>9} {'MiB':>8}"


def succeeds(command: list[str]) -> bool:
    """Says whether a command exits with 0."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def run(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> str:
    """Runs a command and returns what it printed; one that fails ends the benchmark."""
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        failed(command, done.returncode, done.stdout + done.stderr)
    return done.stdout


def failed(command: list[str], code: int, output: str) -> None:
    """Ends the benchmark."""
    sys.exit(f"{' '.join(command)} ended with {code}:\n{output}")


def measure(
    name: str,
    command: list[str],
    cwd: Path,
    count: int,
    *,
    env: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
    memory: bool = False,
    accept: tuple[int, ...] = (0,),
) -> Measured:
    """Runs a command `count` times, after one run that does not count."""
    times = []
    for index in range(count + 1):
        if before:
            before()
        started = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        elapsed = (time.perf_counter() - started) * 1000
        if done.returncode not in accept:
            failed(command, done.returncode, done.stderr.decode())
        if index:
            times.append(elapsed)
    if not memory:
        return Measured(name, times)
    peaks = []
    for _ in range(5):
        if before:
            before()
        peaks.append(peak_memory(command, cwd, env))
    return Measured(name, times, max(peaks))


def peak_memory(command: list[str], cwd: Path, env: dict[str, str] | None) -> float:
    """The peak of a process's resident memory in MiB, read again and again while it runs.

    `wait4` would count this interpreter's own memory too, from before the child's exec.
    """
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, cwd=cwd, env=env, stdout=quiet, stderr=quiet)
    program = Path(shutil.which(command[0]) or command[0]).resolve()
    status, executable = Path(f"/proc/{child.pid}/status"), f"/proc/{child.pid}/exe"
    peak = 0
    while child.poll() is None:
        try:
            if os.path.realpath(executable) != str(program):
                continue
            text = status.read_text()
        except OSError:
            continue
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        peak = max(peak, int(found.group(1)) if found else 0)
    if child.returncode != 0 or peak == 0:
        failed(command, child.returncode, "its memory could not be measured")
    return peak / 1024
