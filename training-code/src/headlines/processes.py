"""Which of the processes of a training this one is, and how they agree.

`torchrun` starts one process for each device and names its place in the variables RANK, WORLD_SIZE
and LOCAL_RANK. Without them there is one process. Only the first one prints and writes results.
"""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")


def rank() -> int:
    """Gives the place of this process among all, from 0."""
    return int(os.environ.get("RANK") or 0)


def world_size() -> int:
    """Counts the processes on all hosts."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def is_first() -> bool:
    """Tells whether this process speaks for all."""
    return rank() == 0


def is_first_on_host() -> bool:
    """Tells whether this process looks after the files of its host."""
    return int(os.environ.get("LOCAL_RANK") or 0) == 0


def say(line: str) -> None:
    """Prints one line at once, from the first process."""
    if is_first():
        print(line, flush=True)


def highest(value: int) -> int:
    """Gives the highest value that any process passed; every process must call it."""
    if world_size() == 1:
        return value
    import torch
    import torch.distributed as dist

    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    tensor = torch.tensor(value, device=device)
    dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
    return int(tensor.item())


def from_first(value: T) -> T:
    """Gives the first process's value to every process; all must call it."""
    if world_size() == 1:
        return value
    import torch.distributed as dist

    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def wait_for_all() -> None:
    """Returns when every process has called it."""
    if world_size() > 1:
        import torch.distributed as dist

        dist.barrier()


def part() -> None:
    """Ends the ties among the processes; each goes on alone."""
    if world_size() > 1:
        import torch.distributed as dist

        dist.destroy_process_group()
