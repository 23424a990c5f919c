"""Measures the upload of a large file beside `aws s3 cp`: time, processor time and peak memory.

    cargo build --release --example put_file --bin deploy
    python3 tests/bench/upload.py --cache ~/.cache/deploy-bench

Both send the same random file into the same stand-in, in turns, each run into an empty bucket:
the local engine's S3 (the default), or MiniStack. `deploy` is tests/bench/put_file.rs, the
product's own code; its time includes the SHA-256 that names the object, for which the file is
read a second time.
Whole processes are measured, from start to exit. Prints Markdown. Needs Linux, and room for three
times the file in the temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from deployers import MiniStack, free_port, watch_memory
from measure import failed
from other_tools import install_python

ROOT = Path(__file__).resolve().parents[2]
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


class Bench:
    """Both tools against one stand-in."""

    def __init__(self, cache: Path, url: str, keys: tuple[str, str], put_file: Path) -> None:
        """Takes where tools are kept, the stand-in, and our program."""
        self.aws = str(install_python(cache, "awscli") / "aws")
        self.url, self.keys, self.put_file = url, keys, put_file
        self.env = dict(os.environ) | {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys[0],
            "AWS_SECRET_ACCESS_KEY": keys[1],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def command(self, tool: str, bucket: str, file: Path) -> list[str]:
        """The command of a tool."""
        if tool == "deploy":
            place = ["--endpoint", self.url, "--region", REGION, "--bucket", bucket]
            keys = ["--access-key", self.keys[0], "--secret-key", self.keys[1]]
            return [str(self.put_file), *place, *keys, str(file)]
        return [self.aws, "s3", "cp", "--no-progress", str(file), f"s3://{bucket}/data"]

    def run(self, tool: str, bucket: str, file: Path) -> Run:
        """Sends the file into a new bucket, and removes it with all that is in it."""
        self.s3("mb", f"s3://{bucket}")
        command, peak, ended = self.command(tool, bucket, file), [0.0], threading.Event()
        started = time.perf_counter()
        child = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
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
        self.s3("rb", "--force", f"s3://{bucket}")
        return Run(wall, usage.ru_utime + usage.ru_stime, peak[0])

    def s3(self, *arguments: str) -> None:
        """Another command of `aws s3`."""
        command = [self.aws, "s3", *arguments]
        done = subprocess.run(command, env=self.env, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            failed(command, done.returncode, done.stdout + done.stderr)


def random_file(path: Path, mib: int) -> None:
    """Writes a file that does not compress, and that the page cache holds."""
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))


def report(measured: dict[str, list[Run]], mib: int) -> None:
    """Prints a table; ratios are to `aws s3 cp`."""
    base = statistics.median(one.wall for one in measured["aws s3 cp"])
    base_cpu = statistics.median(one.cpu for one in measured["aws s3 cp"])
    print(f"\n{mib} MiB, medians of {len(measured['deploy'])} runs\n")
    print("| tool | s | range | MiB/s | ratio | CPU s | ratio | peak MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for tool, runs in measured.items():
        wall = statistics.median(one.wall for one in runs)
        cpu = statistics.median(one.cpu for one in runs)
        times = sorted(one.wall for one in runs)
        peak = max(one.peak for one in runs)
        print(
            f"| {tool} | {wall:.1f} | {times[0]:.1f} to {times[-1]:.1f} | {mib / wall:.0f} |"
            f" {wall / base:.2f} | {cpu:.1f} | {cpu / base_cpu:.2f} | {peak:.0f} |"
        )
    peak = max(one.peak for one in measured["deploy"])
    print(f"\n`deploy` stays under {LIMIT_MIB} MiB: {'yes' if peak < LIMIT_MIB else 'NO'}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    built = ROOT / "target/release"
    parser.add_argument("--built", type=Path, default=built, help="where the programs are")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/deploy-bench"))
    parser.add_argument("--stand-in", choices=("engine", "ministack"), default="engine")
    parser.add_argument("--mib", type=int, default=2048, help="size of the file")
    parser.add_argument("--count", type=int, default=3, help="runs after one that warms up")
    arguments = parser.parse_args()
    cache = arguments.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    built = arguments.built.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "data.bin"
        random_file(file, arguments.mib)
        engine = arguments.stand_in == "engine"
        stand_in = Engine(built / "deploy", folder) if engine else MiniStack(cache, folder)
        with stand_in:
            keys = stand_in.keys if isinstance(stand_in, Engine) else ("test", "test")
            url = f"http://127.0.0.1:{stand_in.port}"
            bench = Bench(cache, url, keys, built / "examples/put_file")
            measured: dict[str, list[Run]] = {"aws s3 cp": [], "deploy": []}
            for turn in range(arguments.count + 1):
                for number, (tool, runs) in enumerate(measured.items()):
                    one = bench.run(tool, f"upload-{turn}-{number}", file)
                    print(f"{tool}: {one.wall:.1f} s, {one.peak:.0f} MiB", file=sys.stderr)
                    if turn:
                        runs.append(one)
            report(measured, arguments.mib)
        with suppress(OSError):
            shutil.rmtree(folder / "engine")


if __name__ == "__main__":
    main()
