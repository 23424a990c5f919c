"""Measures rendering beside tools that do the same: cdk synth, sceptre generate, sam validate.

    python3 tests/bench/render.py --deploy target/release/deploy --cache ~/.cache/deploy-bench

Everything is measured in copies of the shipped stack, as whole processes, from start to exit. The
other tools are installed into the cache folder from npm and PyPI (about 600 MB, once); a tool that
cannot be installed or fails ends the run. How their work differs from ours is printed.
Needs Linux, Node.js 20 or newer, npm and git.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import HEAD, Measured, failed, measure, run, succeeds
from other_tools import OtherTools

ROOT = Path(__file__).resolve().parents[2]
STACK = "news-classifier"
ENVIRONMENT = "prod"
MANY = 500
# A change of two values, one of the function and one of the logs.
CHANGES = [("memory: 256 MiB", "memory: 512 MiB"), ("retention: 30d", "retention: 60d")]


def copy_project(folder: Path) -> Path:
    """Copies what the shipped stack needs; the templates are the program's own."""
    ignore = shutil.ignore_patterns(".venv", "__pycache__", ".*_cache")
    for part in ("stacks", "training-code"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignore)
    return folder / "stacks" / STACK


def many_environments(stack: Path) -> None:
    """Gives a stack file as many environments as the budget names."""
    text = (stack / "stack.yaml").read_text()
    lines = [text[: text.index("\nenvironments:")], "environments:"]
    for index in range(MANY):
        target = f'{{ account: "{100000000000 + index}", region: eu-west-1 }}'
        lines.append(f"  e{index:03}: {{ target: {target} }}")
    (stack / "stack.yaml").write_text("\n".join(lines) + "\n")


def remove_rendered(stack: Path) -> Callable[[], None]:
    """Returns what removes the rendered files."""
    return lambda: shutil.rmtree(stack / "rendered", ignore_errors=True)


class Own:
    """What is measured of `deploy` itself."""

    def __init__(self, program: str, folder: Path, count: int) -> None:
        """Takes the program, a folder to work in, and how many runs."""
        self.program, self.folder, self.count = program, folder, count
        self.rows: list[Measured] = []
        self.absent: list[str] = []

    def render(self) -> Path:
        """Measures rendering; returns the folder of one environment's templates."""
        count, program = self.count, self.program
        helped = run([program, "render", "--help"], ROOT)
        render = [program, "render"] + (["--all"] if "--all" in helped else [])
        if len(render) == 2:
            self.absent.append("`deploy render --all`: plain `deploy render` does the same here")
        one = [program, "render", "--env", ENVIRONMENT]
        three, many = self.folder / "three", self.folder / "many"
        stack, crowd = copy_project(three), copy_project(many)
        many_environments(crowd)
        fresh, fresh_crowd = remove_rendered(stack), remove_rendered(crowd)
        few = max(5, count // 6)
        self.rows = [
            measure("a process that does nothing (true)", ["true"], three, count),
            measure("render, 3 environments, files written", render, three, count, before=fresh),
            measure("render, 3 environments, files current", render, three, count, memory=True),
            measure(
                f"render, {MANY} environments, files written", render, many, few, before=fresh_crowd
            ),
            measure(f"render, {MANY} environments, files current", render, many, few, memory=True),
            measure("render, 1 environment, files written", one, three, count, before=fresh),
        ]
        if succeeds([program, "check", "--help"]):
            check = [program, "check", "--env", ENVIRONMENT]
            self.rows.append(measure("check, 1 environment", check, three, count))
        else:
            self.absent.append("`deploy check`: this build has no such command")
        run(render, three)
        return stack / "rendered" / ENVIRONMENT

    def diff(self) -> float | None:
        """Measures the difference of two revisions; returns git's own share of it."""
        if not succeeds([self.program, "diff", "--help"]):
            self.absent.append("`deploy diff`: this build has no such command")
            return None
        folder = self.folder / "diff"
        self.two_revisions(folder)
        command = [self.program, "diff", "--base", "HEAD~1", "--env", ENVIRONMENT]
        name = "diff of two revisions, 1 environment"
        self.rows.append(measure(name, command, folder, self.count, accept=(0, 2)))
        return statistics.median(gits_share(command, folder, n) for n in range(self.count))

    def two_revisions(self, folder: Path) -> None:
        """Makes a repository whose two revisions differ in the stack file and the templates."""
        stack = copy_project(folder)
        git = ["git", "-c", "user.name=b", "-c", "user.email=b@b", "-c", "commit.gpgsign=false"]
        run([*git, "init", "--quiet"], folder)
        for index in range(2):
            run([self.program, "render"], folder)
            run([*git, "add", "--all"], folder)
            run([*git, "commit", "--quiet", "--message", f"revision {index}"], folder)
            text = (stack / "stack.yaml").read_text()
            for old, new in CHANGES if index == 0 else []:
                if old not in text:
                    sys.exit(f"the shipped stack no longer says `{old}`: change CHANGES")
                text = text.replace(old, new)
            (stack / "stack.yaml").write_text(text)


def gits_share(command: list[str], folder: Path, number: int) -> float:
    """The milliseconds that git processes took in one run of a command, by git's own clock."""
    log = folder / f".git/trace-{number}.json"
    env = dict(os.environ) | {"GIT_TRACE2_EVENT": str(log)}
    done = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True)
    if done.returncode not in (0, 2):
        failed(command, done.returncode, done.stderr.decode())
    events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return sum(float(event["t_abs"]) for event in events if event["event"] == "exit") * 1000


def verdict(what: str, found: float, budget: float, unit: str) -> None:
    """Prints whether a budget is kept."""
    word = "kept" if found < budget else "MISSED"
    print(f"  {what:<48} {found:>8.1f} of {budget:>6.0f} {unit:<4} {word}")


def report(own: Own, git: float | None, tools: OtherTools) -> None:
    """Prints everything."""
    by_name = {measured.name: measured for measured in own.rows}
    one = by_name["render, 1 environment, files written"]
    three = by_name["render, 3 environments, files written"]
    current = by_name["render, 3 environments, files current"]
    many = by_name[f"render, {MANY} environments, files written"]
    print(HEAD)
    for measured in own.rows:
        print(measured.row())
    print("\none environment each, and how many times as long as `deploy render` of one takes")
    for measured in tools.rows:
        print(measured.row(one))
    for remark in tools.remarks:
        print(f"  {remark}")
    print("\nbudgets")
    verdict("render, 3 environments, files written", three.median, 20, "ms")
    verdict("render, 3 environments, files current", current.median, 20, "ms")
    verdict("render, 3 environments, peak of memory", current.peak or 0, 30, "MiB")
    verdict(f"render, {MANY} environments, files written", many.median, 2000, "ms")
    if git is not None:
        verdict("diff of two revisions beyond git's own time", own.rows[-1].median - git, 50, "ms")
    for what in own.absent:
        print(f"  not measured: {what}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deploy", type=Path, default=Path("target/release/deploy"))
    parser.add_argument("--cache", type=Path, required=True, help="where other tools are installed")
    parser.add_argument("--runs", type=int, default=31, help="runs of each command of deploy")
    parser.add_argument("--tool-runs", type=int, default=5, help="runs of each other tool")
    arguments = parser.parse_args()
    program, cache = str(arguments.deploy.resolve()), arguments.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = Own(program, folder, arguments.runs)
        rendered = own.render()
        git = own.diff()
        tools = OtherTools(cache, folder, rendered, arguments.tool_runs)
        tools.measure()
        report(own, git, tools)


if __name__ == "__main__":
    main()
