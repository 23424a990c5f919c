"""Runs train.py in processes that need not import torch again, which takes longer than a tiny run.

They are forked from a server that has imported it once. Everything else is as in a process of its
own: an exit status, signals, variables, output.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

from conftest import ROOT, Job, fill_channel

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["headlines.report"])


class Training:
    """A run that is going on."""

    def __init__(self, base: Path, data: str, arguments: list[str], **variables: str) -> None:
        fill_channel(base, data)
        variables["SAGEMAKER_BASE_DIR"] = str(base)
        reader, writer = CONTEXT.Pipe(duplex=False)
        # Read by the server when it starts, before it imports.
        os.environ["PYTHONPATH"] = str(ROOT / "src")
        self._base = base
        self._process: BaseProcess = CONTEXT.Process(
            target=_train, args=(writer, arguments, variables)
        )
        self._process.start()
        writer.close()
        self._output: TextIO = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        self._read = ""

    def end_at(self, line: str, end: signal.Signals) -> Job:
        """Sends the signal as soon as the output has a line that begins so."""
        for found in self._output:
            self._read += found
            if found.startswith(line):
                assert self._process.pid is not None
                os.kill(self._process.pid, end)
        return self.finish()

    def finish(self) -> Job:
        self._read += self._output.read()
        self._output.close()
        self._process.join(timeout=120)
        assert self._process.exitcode is not None, self._read
        return Job(self._base, self._process.exitcode, self._read)


def _train(output: object, arguments: list[str], variables: dict[str, str]) -> None:
    os.environ.update(variables)
    for target in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), target.fileno())  # type: ignore[attr-defined]
    import train

    sys.exit(train.main(arguments))
