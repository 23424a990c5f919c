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
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from deployers import MiniStack
from other_tools import install_python
from transfers import Engine, Run, Stand, in_turns, random_file, report

ROOT = Path(__file__).resolve().parents[2]
AWS, DEPLOY = "aws s3 cp", "deploy"


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
            aws = str(install_python(cache, "awscli") / "aws")
            stand = Stand(aws, f"http://127.0.0.1:{stand_in.port}", keys)

            def run(tool: str, bucket: str) -> Run:
                """Sends the file."""
                command = [aws, "s3", "cp", "--no-progress", str(file), f"s3://{bucket}/data"]
                if tool == DEPLOY:
                    program = str(built / "examples/put_file")
                    command = [program, *stand.place(), "--bucket", bucket, str(file)]
                return stand.run(command, bucket, stand.environment())

            measured = in_turns((AWS, DEPLOY), arguments.count, run)
            report(measured, arguments.mib, {AWS: AWS, DEPLOY: AWS})
        with suppress(OSError):
            shutil.rmtree(folder / "engine")


if __name__ == "__main__":
    main()
