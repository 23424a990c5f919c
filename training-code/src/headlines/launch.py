"""Starts one process for each device when there are several hosts or several GPUs.

The container runs `python -u train.py` once on every host. When that is not enough, `train.py`
replaces itself by `torchrun` (`python -m torch.distributed.run`), which runs `train.py` again, once
a device, with RANK, WORLD_SIZE and LOCAL_RANK set. Where a toolkit has done so already, nothing
happens.

What decides:

* `resourceconfig.json` of the container contract names the hosts; the first one is where they meet,
  under its name unless MASTER_ADDR has another;
* TRAINING_PROCESSES, or else SM_NUM_GPUS, or else what torch sees, is the number a host;
* MASTER_PORT is the port on the first host, 7777 unless given.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headlines.errors import TrainingError

PORT = "7777"


@dataclass(frozen=True)
class Hosts:
    """The hosts of a job, in an order that all of them share, and which one this is."""

    names: tuple[str, ...]
    current: str

    @staticmethod
    def read(file: Path) -> Hosts:
        """Reads the resource configuration; without the file there is one host."""
        if not file.exists():
            return Hosts(("localhost",), "localhost")
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            names, current = tuple(sorted(found["hosts"])), found["current_host"]
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(
                f"{file} names no hosts: {error}", "it must be the platform's own"
            ) from error
        if current not in names:
            raise TrainingError(
                f"{file}: '{current}' is none of the hosts", "it must be the platform's own"
            )
        return Hosts(names, current)


def replace_process(hosts: Hosts, script: Path, arguments: Sequence[str]) -> None:
    """Becomes `torchrun` when more than one process is needed; returns when one is enough."""
    if "RANK" in os.environ:
        return
    processes = processes_per_host(os.environ)
    if len(hosts.names) * processes == 1:
        return
    place = (
        os.environ.get("MASTER_ADDR") or hosts.names[0],
        os.environ.get("MASTER_PORT") or PORT,
    )
    command = torchrun(hosts, processes, place)
    print(f"hosts={len(hosts.names)} processes_per_host={processes} launching torchrun", flush=True)
    # Threads of several processes on one host would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    os.execv(sys.executable, [sys.executable, "-u", *command, str(script), *arguments])


def torchrun(hosts: Hosts, processes: int, place: tuple[str, str]) -> list[str]:
    """Gives the arguments of Python that start this host's processes, which meet at a place."""
    address, port = place
    return [
        "-m",
        "torch.distributed.run",
        f"--nnodes={len(hosts.names)}",
        f"--node_rank={hosts.names.index(hosts.current)}",
        f"--nproc_per_node={processes}",
        f"--master_addr={address}",
        f"--master_port={port}",
    ]


def processes_per_host(environment: Mapping[str, str]) -> int:
    """Counts the processes to run here: one for each GPU, and one without any."""
    for name in ("TRAINING_PROCESSES", "SM_NUM_GPUS"):
        text = environment.get(name, "")
        if not text:
            continue
        if not text.isdigit():
            raise TrainingError(f"the variable {name} is '{text}'", "it must be a whole number")
        return max(1, int(text))
    # Spares the seconds that torch takes to import where there can be no GPU.
    if shutil.which("nvidia-smi") is None:
        return 1
    import torch

    return max(1, torch.cuda.device_count())
