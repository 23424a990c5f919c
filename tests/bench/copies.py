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
import tempfile
from dataclasses import dataclass
from pathlib import Path

from other_tools import install_python
from transfers import MIB, Engine, Run, Stand, in_turns, random_file, report

ROOT = Path(__file__).resolve().parents[2]
SOURCE, KEY = "copy-source", "model.tar.gz"
PLAIN, HASHED, PIPE = "aws s3 cp", "aws s3 cp, SHA-256", "aws s3 cp | aws s3 cp"
COPIED, STREAMED = "deploy, by the service", "deploy, streamed"
# Which each tool is compared with: the one of `aws` that does nearest to the same.
BASE = {PLAIN: HASHED, HASHED: HASHED, COPIED: HASHED, PIPE: PIPE, STREAMED: PIPE}


@dataclass
class Bench:
    """The tools, and the object that they copy."""

    stand: Stand
    copy_object: Path
    size: int
    sha256: str
    whole: Path

    def command(self, tool: str, bucket: str) -> list[str]:
        """The command of a tool; a pipe is run by a shell, which measures both its ends."""
        aws, source, target = self.stand.aws, f"s3://{SOURCE}/{KEY}", f"s3://{bucket}/{KEY}"
        copy = [aws, "s3", "cp", "--no-progress", "--cli-read-timeout", "0"]
        if tool == PLAIN:
            return [*copy, source, target]
        if tool == HASHED:
            return [*copy, "--checksum-algorithm", "SHA256", source, target]
        if tool == PIPE:
            script = '"$0" s3 cp "$1" - | "$0" s3 cp --expected-size "$3" - "$2"'
            return ["bash", "-c", f"set -o pipefail; {script}", aws, source, target, str(self.size)]
        how = ["--streamed"] if tool == STREAMED else []
        place = [*self.stand.place(), "--sha256", self.sha256]
        return [str(self.copy_object), *place, *how, SOURCE, bucket, KEY]

    def run(self, tool: str, bucket: str) -> Run:
        """Copies the object; `aws` is told to do it in one request where it copies it whole."""
        env = self.stand.environment()
        if tool in {PLAIN, HASHED}:
            env |= {"AWS_CONFIG_FILE": str(self.whole)}
        return self.stand.run(self.command(tool, bucket), bucket, env)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MIB):
            hasher.update(block)
    return hasher.hexdigest()


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
        whole = folder / "config"
        whole.write_text("[default]\ns3 =\n  multipart_threshold = 5GB\n")
        with Engine(built / "deploy", folder) as engine:
            aws = str(install_python(cache, "awscli") / "aws")
            stand = Stand(aws, f"http://127.0.0.1:{engine.port}", engine.keys)
            stand.s3("mb", f"s3://{SOURCE}")
            stand.s3("cp", "--no-progress", str(file), f"s3://{SOURCE}/{KEY}")
            file.unlink()
            size = arguments.mib * MIB
            bench = Bench(stand, built / "examples/copy_object", size, sha256, whole)
            report(in_turns(BASE, arguments.count, bench.run), arguments.mib, BASE)


if __name__ == "__main__":
    main()
