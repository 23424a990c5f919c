from collections import Counter
from pathlib import Path

import pytest

from headlines.data import LABELS, Headline, read_headlines
from headlines.errors import TrainingError
from headlines.split import limit, split_by_story

HEADLINES = [
    Headline(f"title {story} {index}", story % 4, f"story{story}")
    for story in range(200)
    for index in range(1 + story % 5)
]


def stories(headlines: list[Headline]) -> set[str]:
    return {headline.story for headline in headlines}


def test_no_story_is_on_both_sides_and_nothing_is_lost() -> None:
    split = split_by_story(HEADLINES, 0.2, 42)
    assert not stories(split.train) & stories(split.test)
    assert Counter(split.train + split.test) == Counter(HEADLINES)
    assert 20 <= len(stories(split.test)) <= 60


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    assert split_by_story(HEADLINES, 0.2, 1) == split_by_story(HEADLINES, 0.2, 1)
    assert split_by_story(HEADLINES, 0.2, 1) != split_by_story(HEADLINES, 0.2, 2)


def test_new_stories_move_no_old_one() -> None:
    before = split_by_story(HEADLINES[:300], 0.2, 42)
    after = split_by_story(HEADLINES, 0.2, 42)
    assert stories(before.test) <= stories(after.test)
    assert stories(before.train) <= stories(after.train)


def test_a_side_without_a_class_is_refused() -> None:
    lonely = [headline for headline in HEADLINES if headline.label != 3]
    with pytest.raises(TrainingError, match="no story of Health"):
        split_by_story([*lonely, Headline("one", 3, "only")], 0.2, 42)


def test_a_limit_takes_every_story_before_a_second_headline_of_any() -> None:
    few = limit(HEADLINES, 200, 42)
    assert len(few) == 200 and len(stories(few)) == 200
    more = limit(HEADLINES, 250, 42)
    assert len(more) == 250 and max(Counter(h.story for h in more).values()) == 2
    assert limit(HEADLINES, 0, 42) == HEADLINES


def test_counts_tell_headlines_stories_and_classes() -> None:
    counts = split_by_story(HEADLINES, 0.2, 42).describe()["test"]
    assert isinstance(counts, dict)
    assert counts["headlines"] == sum(counts["classes"].values())
    assert list(counts["classes"]) == list(LABELS)


SAMPLE = Path(__file__).parents[2] / "stacks" / "news-classifier" / "data" / "headlines.csv"


def test_the_shipped_sample_is_whole_and_splits() -> None:
    assert SAMPLE.stat().st_size <= 3_000_000
    headlines = read_headlines(SAMPLE)
    classes_of: dict[str, set[int]] = {}
    for headline in headlines:
        classes_of.setdefault(headline.story, set()).add(headline.label)
    assert all(len(classes) == 1 for classes in classes_of.values())
    split = split_by_story(headlines, 0.2, 42)
    assert 0.15 < len(split.test) / len(headlines) < 0.25
