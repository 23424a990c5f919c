import numpy as np
import torch

from headlines.base_model import load_base_model
from headlines.data import LABELS, Headline
from headlines.encoding import EncodedHeadlines, GroupedByLength, Padded
from headlines.settings import Settings

TITLES = ["stocks fall", "singer wins award " * 9, "x"]
LENGTHS = np.random.default_rng(0).integers(5, 60, size=1003)


def test_an_order_holds_every_headline_once_and_depends_on_seed_and_epoch_alone() -> None:
    sampler = GroupedByLength(LENGTHS, 16, 42)
    first = list(sampler)
    assert sorted(first) == list(range(1003)) and len(sampler) == 1003
    np.random.default_rng().random(5)
    assert list(GroupedByLength(LENGTHS, 16, 42)) == first
    sampler.epoch = 1
    assert list(sampler) != first
    assert list(GroupedByLength(LENGTHS, 16, 43)) != first


def test_groups_are_alike_in_length_but_come_in_no_order_of_it() -> None:
    order = GroupedByLength(LENGTHS, 16, 42).order()
    groups = LENGTHS[order[:992]].reshape(-1, 16)
    padded, useful = groups.max(axis=1).sum() * 16, groups.sum()
    assert padded / useful < 1.1
    assert abs(np.corrcoef(np.arange(62), groups.mean(axis=1))[0, 1]) < 0.5


def test_headlines_become_ids_cut_to_the_limit() -> None:
    tokenizer = load_base_model(Settings(base_model="tiny-random"), LABELS).tokenizer
    encoded = EncodedHeadlines([Headline(title, 2, "s") for title in TITLES], tokenizer, 12)
    assert encoded.lengths.tolist() == [4, 12, 3]
    for index, title in enumerate(TITLES):
        row = encoded[index]
        expected = tokenizer(title, truncation=True, max_length=12)["input_ids"]
        assert row["input_ids"].tolist() == expected and row["labels"] == 2


def test_a_batch_is_what_the_tokenizer_would_pad() -> None:
    tokenizer = load_base_model(Settings(base_model="tiny-random"), LABELS).tokenizer
    headlines = [Headline(title, label, "s") for label, title in enumerate(TITLES)]
    encoded = EncodedHeadlines(headlines, tokenizer, 12)
    batch = Padded(tokenizer.pad_token_id)([encoded[index] for index in range(3)])
    expected = tokenizer(TITLES, truncation=True, max_length=12, padding=True, return_tensors="pt")
    for name in ("input_ids", "attention_mask"):
        assert torch.equal(batch[name], expected[name])
    assert batch["labels"].tolist() == [0, 1, 2]
