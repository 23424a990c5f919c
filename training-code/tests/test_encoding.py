import numpy as np

from headlines.base_model import load_base_model
from headlines.data import LABELS, Headline
from headlines.encoding import EncodedHeadlines, GroupedByLength
from headlines.settings import Settings

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
    titles = ["stocks fall", "singer wins award " * 9, "x"]
    encoded = EncodedHeadlines([Headline(title, 2, "s") for title in titles], tokenizer, 12)
    assert encoded.lengths.tolist() == [4, 12, 3]
    for index, title in enumerate(titles):
        row = encoded[index]
        assert row["input_ids"] == tokenizer(title, truncation=True, max_length=12)["input_ids"]
        assert len(row["attention_mask"]) == len(row["input_ids"]) and row["labels"] == 2
