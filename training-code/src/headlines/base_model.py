"""The network that training starts from, and its tokenizer.

Four kinds of name: `minilm-l6` and `tiny-random` need no network, a folder is read from disk, and
anything else is an id on the Hugging Face Hub.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headlines import minilm
from headlines.errors import TrainingError
from headlines.settings import Settings

MINILM = "minilm-l6"
TINY = "tiny-random"

TINY_SHAPE = {
    "vocab_size": minilm.SHAPE["vocab_size"],
    "max_position_embeddings": 512,
    "dim": 128,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 512,
}


@dataclass(frozen=True)
class BaseModel:
    """A sequence classifier whose last layers are still random, with its tokenizer."""

    model: Any
    tokenizer: Any


def needs_hub(name: str) -> bool:
    """Tells whether loading this base model uses the network."""
    return name not in (MINILM, TINY) and not Path(name).is_dir()


def forbid_network(name: str) -> None:
    """Keeps the Hub client offline for a base model that needs none.

    Must run before `transformers` is imported: the client reads the variable once.
    """
    if not needs_hub(name):
        os.environ["HF_HUB_OFFLINE"] = "1"


def load_base_model(settings: Settings, labels: Sequence[str]) -> BaseModel:
    """Loads the network named by the settings with one output a label.

    The label names go into its configuration, from where serving takes them. The tokenizer cuts
    at `max_length`. Random weights come from the seed of the process, so seed it first.
    """
    names = dict(enumerate(labels))
    mapping = {"id2label": names, "label2id": {name: index for index, name in names.items()}}
    if settings.base_model == MINILM:
        base = _from_minilm(mapping)
    elif settings.base_model == TINY:
        base = BaseModel(_new_model(TINY_SHAPE, mapping), _packaged_tokenizer())
    else:
        base = _from_pretrained(settings, mapping)
    # Saved with the tokenizer, so that serving cuts where training did.
    base.tokenizer.model_max_length = settings.max_length
    return base


def _from_minilm(mapping: dict[str, Any]) -> BaseModel:
    model = _new_model(minilm.SHAPE, mapping)
    # Strict: every weight must find its place, and no other may be left random.
    model.distilbert.load_state_dict(minilm.load_state())
    return BaseModel(model, _packaged_tokenizer())


def _new_model(shape: dict[str, int], mapping: dict[str, Any]) -> Any:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    return DistilBertForSequenceClassification(DistilBertConfig(**shape, **mapping))


def _packaged_tokenizer() -> Any:
    from transformers import BertTokenizerFast

    from headlines.compat import vocabulary_argument

    return BertTokenizerFast(
        **vocabulary_argument(BertTokenizerFast, minilm.package_file("vocab.txt")),
        do_lower_case=True,
        # DistilBERT has no token types and refuses them.
        model_input_names=["input_ids", "attention_mask"],
    )


def _from_pretrained(settings: Settings, mapping: dict[str, Any]) -> BaseModel:
    from transformers import AutoTokenizer, DistilBertForSequenceClassification

    name = settings.base_model
    where: dict[str, Any] = {"revision": settings.base_model_revision or None}
    if not needs_hub(name):
        where = {"local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **where)
        model = DistilBertForSequenceClassification.from_pretrained(name, **where, **mapping)
    # The client raises its own, the HTTP library's and the file system's errors by version.
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if needs_hub(name):
            source, remedy = (
                "from the Hugging Face Hub",
                (
                    "check the id and base_model_revision, let the job reach the Hub, "
                    f"or use a base_model that needs no network: a folder or {MINILM}"
                ),
            )
        else:
            source, remedy = "from that folder", "it must hold a saved DistilBERT and tokenizer"
        raise TrainingError(
            f"base_model '{name}' was not loaded {source}: {reason}", remedy
        ) from error
    # A model that was saved in 16 bits would be trained in them and lose small updates.
    return BaseModel(model.float(), tokenizer)
