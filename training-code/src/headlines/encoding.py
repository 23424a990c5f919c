"""Headlines as token ids, the order in which training meets them, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from headlines.data import Headline

# Headlines that the tokenizer gets at once; bounds the memory that its answer takes.
CHUNK = 10_000
# Batches that are sorted by length together: enough to be alike, few enough to stay mixed.
BATCHES_SORTED = 50


class EncodedHeadlines(Dataset[dict[str, Any]]):
    """Headlines as token ids, cut to the longest allowed length and not yet padded."""

    def __init__(self, headlines: Sequence[Headline], tokenizer: Any, max_length: int) -> None:
        """Encodes all headlines; the ids stand behind each other in one array."""
        parts: list[NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)]
        lengths: list[int] = []
        for start in range(0, len(headlines), CHUNK):
            titles = [headline.title for headline in headlines[start : start + CHUNK]]
            encoded = tokenizer(titles, truncation=True, max_length=max_length, padding=False)
            rows: list[list[int]] = encoded["input_ids"]
            lengths.extend(map(len, rows))
            parts.append(np.concatenate([np.asarray(row, dtype=np.int32) for row in rows]))
        self._ids = np.concatenate(parts)
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self._labels = [headline.label for headline in headlines]
        self.lengths: NDArray[np.int64] = np.asarray(lengths, dtype=np.int64)
        """Tokens of each headline."""

    def __len__(self) -> int:
        """Counts the headlines."""
        return len(self._labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Gives one headline: its token ids (one dimension) and its label."""
        length, end = int(self.lengths[index]), int(self._ends[index])
        return {"input_ids": self._ids[end - length : end], "labels": self._labels[index]}


class Padded:
    """Joins headlines into a batch, padded to its longest one.

    transformers' own collator goes by way of Python lists and takes ten times as long; for a small
    network on a fast GPU that was a fifth of a step.
    """

    def __init__(self, pad: int) -> None:
        """Takes the id of the padding token."""
        self._pad = pad

    def __call__(self, headlines: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Gives `input_ids` and `attention_mask` (headlines x tokens) and `labels` (headlines)."""
        longest = max(len(headline["input_ids"]) for headline in headlines)
        ids = np.full((len(headlines), longest), self._pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, headline in enumerate(headlines):
            length = len(headline["input_ids"])
            ids[row, :length] = headline["input_ids"]
            mask[row, :length] = 1
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "labels": torch.tensor([headline["labels"] for headline in headlines]),
        }


class GroupedByLength(Sampler[int]):
    """A random order in which neighbours are alike in length, so that batches need less padding.

    The order depends on the seed and `epoch` alone. transformers' own sampler draws from the
    process's generator, whose state differs after a resume; then the rest of the epoch would
    repeat some headlines and leave out others.
    """

    def __init__(self, lengths: NDArray[np.int64], group: int, seed: int) -> None:
        """Forms groups of `group` headlines: what all processes together train on in one step."""
        self._lengths = lengths
        self._group = group
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Counts the headlines."""
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        """Gives the indexes of one epoch."""
        return iter(self.order().tolist())

    def order(self) -> NDArray[np.int64]:
        """Shuffles, sorts stretches by length, and shuffles the groups; a rest comes last."""
        random = np.random.default_rng([self._seed, self.epoch])
        shuffled = random.permutation(len(self._lengths))
        whole = len(shuffled) // self._group * self._group
        body, rest = shuffled[:whole], shuffled[whole:]
        stretch = self._group * BATCHES_SORTED
        for start in range(0, whole, stretch):
            part = body[start : start + stretch]
            body[start : start + stretch] = part[np.argsort(self._lengths[part], kind="stable")]
        groups = body.reshape(-1, self._group)
        mixed: NDArray[np.int64] = groups[random.permutation(len(groups))].reshape(-1)
        return np.concatenate([mixed, rest])
