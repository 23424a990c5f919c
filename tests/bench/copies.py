"""Measures the copy of a large object between two buckets beside `aws s3 cp`: time, CPU and memory.

    cargo build --release --example copy_object --bin deploy
    python3 tests/bench/copies.py --cache ~/.cache/deploy-bench

All copy the same random object between two buckets of the local engine, in turns, each run into an
empty bucket. `deploy` is tests/bench/copy_object.rs, the product's own code, which compares the
SHA-256 of the whole each time. Where S3 may copy by itself it is one request; `aws s3 cp` is told
to make it one, too, as the engine knows no UploadPartCopy, and once without the SHA-256 that
`deploy` has the service compute. Through this machine there is
`aws s3 cp s3://... - | aws s3 cp - s3://...`, all that two accounts that cannot read each other
leave to `aws`.
Whole processes are measured, from start to exit; the memory of a pipe is that of its larger end.
Prints Markdown. Needs Linux, and room for four times the object in the temporary folder.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from deployers import watch_memory
from measure import failed
from other_tools import install_python
from upload import LIMIT_MIB, MIB, REGION, Engine, Run, random_file

ROOT = Path(__file__).resolve().parents[2]
SOURCE, KEY = "copy-source", "model.tar.gz"
PLAIN, HASHED, PIPE = "aws s3 cp", "aws s3 cp, SHA-256", "aws s3 cp | aws s3 cp"
COPIED, STREAMED = "deploy, by the service", "deploy, streamed"
# Which each tool is compared with: the one of `aws` that does nearest to the same.
BASE = {PLAIN: HASHED, HASHED: HASHED, COPIED: HASHED, PIPE: PIPE, STREAMED: PIPE}


@dataclass
class Bench:
    """The tools, and the engine between whose buckets they copy."""

    aws: str
    copy_object: Path
    url: str
    keys: tuple[str, str]
    sha256: str
    whole: Path

    def environment(self, *, whole: bool = False) -> dict[str, str]:
        """What `aws` is told: also to copy in one request, if the object is to be copied whole."""
        more = {"AWS_CONFIG_FILE": str(self.whole)} if whole else {}
        return (
            dict(os.environ)
            | more
            | {
                "AWS_ENDPOINT_URL": self.url,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": self.keys[0],
                "AWS_SECRET_ACCESS_KEY": self.keys[1],
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )

    def command(self, tool: str, bucket: str, size: int) -> list[str]:
        """The command of a tool; a pipe is run by a shell, which measures both its ends."""
        source, target = f"s3://{SOURCE}/{KEY}", f"s3://{bucket}/{KEY}"
        copy = [self.aws, "s3", "cp", "--no-progress", "--cli-read-timeout", "0"]
        if tool == PLAIN:
            return [*copy, source, target]
        if tool == HASHED:
            return [*copy, "--checksum-algorithm", "SHA256", source, target]
        if tool == PIPE:
            script = '"$0" s3 cp "$1" - | "$0" s3 cp --expected-size "$3" - "$2"'
            pipe = f"set -o pipefail; {script}"
            return ["bash", "-c", pipe, self.aws, source, target, str(size)]
        place = ["--endpoint", self.url, "--region", REGION, "--sha256", self.sha256]
        keys = ["--access-key", self.keys[0], "--secret-key", self.keys[1]]
        how = ["--streamed"] if tool == STREAMED else []
        return [str(self.copy_object), *place, *keys, *how, SOURCE, bucket, KEY]

    def run(self, tool: str, bucket: str, size: int) -> Run:
        """Copies the object into a new bucket, and removes that with all that is in it."""
        self.s3("mb", f"s3://{bucket}")
        command, peak, ended = self.command(tool, bucket, size), [0.0], threading.Event()
        env = self.environment(whole=tool in {PLAIN, HASHED})
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
        self.s3("rb", "--force", f"s3://{bucket}")
        return Run(wall, usage.ru_utime + usage.ru_stime, peak[0])

    def s3(self, *arguments: str) -> None:
        """Another command of `aws s3`."""
        command = [self.aws, "s3", *arguments]
        done = subprocess.run(
            command, env=self.environment(), check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            failed(command, done.returncode, done.stdout + done.stderr)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MIB):
            hasher.update(block)
    return hasher.hexdigest()


def report(measured: dict[str, list[Run]], mib: int) -> None:
    """Prints a table; each ratio is to what `aws` does in the same way."""
    wall = {tool: statistics.median(one.wall for one in runs) for tool, runs in measured.items()}
    cpu = {tool: statistics.median(one.cpu for one in runs) for tool, runs in measured.items()}
    print(f"\n{mib} MiB, medians of {len(measured[PLAIN])} runs\n")
    print("| tool | s | range | MiB/s | ratio | CPU s | ratio | peak MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for tool, runs in measured.items():
        base, times = BASE[tool], sorted(one.wall for one in runs)
        print(
            f"| {tool.replace('|', chr(92) + '|')} | {wall[tool]:.1f} |"
            f" {times[0]:.1f} to {times[-1]:.1f} | {mib / wall[tool]:.0f} |"
            f" {wall[tool] / wall[base]:.2f} | {cpu[tool]:.1f} | {cpu[tool] / cpu[base]:.2f} |"
            f" {max(one.peak for one in runs):.0f} |"
        )
    peak = max(one.peak for tool in (COPIED, STREAMED) for one in measured[tool])
    print(f"\n`deploy` stays under {LIMIT_MIB} MiB: {'yes' if peak < LIMIT_MIB else 'NO'}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    built = ROOT / "target/release"
    parser.add_argument("--built", type=Path, default=built, help="where the programs are")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/deploy-bench"))
    parser.add_argument("--mib", type=int, default=2048, help="size of the object")
    parser.add_argument("--count", type=int, default=3, help="runs after one that warms up")
    arguments = parser.parse_args()
    cache = arguments.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    built = arguments.built.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "data.bin"
        random_file(file, arguments.mib)
        sha256 = digest(file)
        with Engine(built / "deploy", folder) as engine:
            aws = str(install_python(cache, "awscli") / "aws")
            url = f"http://127.0.0.1:{engine.port}"
            whole = folder / "config"
            whole.write_text("[default]\ns3 =\n  multipart_threshold = 5GB\n")
            bench = Bench(aws, built / "examples/copy_object", url, engine.keys, sha256, whole)
            bench.s3("mb", f"s3://{SOURCE}")
            bench.s3("cp", "--no-progress", str(file), f"s3://{SOURCE}/{KEY}")
            file.unlink()
            measured: dict[str, list[Run]] = {tool: [] for tool in BASE}
            for turn in range(arguments.count + 1):
                for number, (tool, runs) in enumerate(measured.items()):
                    one = bench.run(tool, f"copy-{turn}-{number}", arguments.mib * MIB)
                    print(f"{tool}: {one.wall:.1f} s, {one.peak:.0f} MiB", file=sys.stderr)
                    if turn:
                        runs.append(one)
            report(measured, arguments.mib)


if __name__ == "__main__":
    main()
