"""The differences between the versions of transformers and torch that matter here, all of them.

Supported are transformers 4.46 to 5.x on torch 2.3 or later.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import torch


def vocabulary_argument(tokenizer: Any, vocabulary: Path) -> dict[str, str]:
    """Names the vocabulary file as the tokenizer's class wants it.

    Version 5 calls it `vocab`. Earlier versions keep an unknown argument and would save the path.
    """
    known = inspect.signature(tokenizer.__init__).parameters
    return {"vocab" if "vocab" in known else "vocab_file": str(vocabulary)}


def allow_saved_states() -> None:
    """Lets torch read back the states of numpy's generator from a checkpoint.

    Since 2.6 torch refuses types that it does not know; transformers allows these itself from
    version 4.48 on.
    """
    allow = getattr(torch.serialization, "add_safe_globals", None)
    if allow is None:
        return
    core = np._core if hasattr(np, "_core") else np.core
    allow([core.multiarray._reconstruct, np.ndarray, np.dtype, type(np.dtype(np.uint32))])


def compute_alike_on_gpu() -> None:
    """Has a GPU compute the same sums in the same order in every run.

    What has no such form goes on with a warning. Of the forms of attention only the plain one has
    it for training, and for the few tokens of a headline it takes little longer.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A net for bugs that come with the above: it overwrites all memory that is handed out.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    for name in ("flash", "mem_efficient", "cudnn"):
        # cuDNN's has a switch since torch 2.5.
        switch = getattr(torch.backends.cuda, f"enable_{name}_sdp", None)
        if switch is not None:
            switch(False)


def optimizer(on_gpu: bool) -> str:
    """Chooses AdamW's fused form where torch has it: on CPUs only since 2.4."""
    major, minor = (int(part) for part in torch.__version__.split(".")[:2])
    return "adamw_torch_fused" if on_gpu or (major, minor) >= (2, 4) else "adamw_torch"


def fast_bf16_on_cpu() -> bool:
    """Tells whether this processor multiplies 16-bit floats in hardware tiles (AMX)."""
    check = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(check and check())
