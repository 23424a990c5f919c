from collections import Counter
from pathlib import Path

import pytest

from headlines.data import LABELS, Headline, read_headlines
from headlines.errors import TrainingError
from headlines.preparation import prepare
from headlines.split import Fractions, limit, split_by_story

# Every story is published within a minute, one story after the other.
HEADLINES = [
    Headline(f"title {story} {index}", story % 4, f"story{story}", story * 60_000 + index)
    for story in range(200)
    for index in range(1 + story % 5)
]
NO_TIME = Fractions(test=0.2, validation=0.1, time=0.0)


def stories(headlines: list[Headline]) -> set[str]:
    return {headline.story for headline in headlines}


def test_no_story_is_on_two_sides_and_nothing_is_lost() -> None:
    split = split_by_story(HEADLINES, NO_TIME, 42)
    sides = [split.train, split.validation, split.test]
    assert sum(len(stories(side)) for side in sides) == 200
    assert Counter(split.train + split.validation + split.test) == Counter(HEADLINES)
    assert 20 <= len(stories(split.test)) <= 60
    assert 8 <= len(stories(split.validation)) <= 32
    assert split.newest == [] and split.cut_text() is None


def test_the_newest_stories_are_set_apart_and_nothing_else_is_as_young() -> None:
    late = Headline("afterthought", 0, "story1", 199 * 60_000)
    split = split_by_story([*HEADLINES, late], Fractions(0.2, 0.1, 0.1), 42)
    others = split.train + split.validation + split.test
    assert split.cut is not None
    assert max(headline.time for headline in others) < split.cut
    assert min(headline.time for headline in split.newest) >= split.cut
    assert not stories(split.newest) & stories(others)
    assert late not in others and late not in split.newest
    assert 0.08 < len(split.newest) / len(HEADLINES) < 0.12
    assert split.cut_text() == "1970-01-01T03:00:00+00:00"


def test_headlines_of_one_moment_have_no_newest() -> None:
    alike = [Headline(one.title, one.label, one.story, 5) for one in HEADLINES]
    split = split_by_story(alike, Fractions(0.2, 0.1, 0.1), 42)
    assert split.newest == [] and split.cut is None
    assert len(split.train) + len(split.validation) + len(split.test) == len(HEADLINES)


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    assert split_by_story(HEADLINES, NO_TIME, 1) == split_by_story(HEADLINES, NO_TIME, 1)
    assert split_by_story(HEADLINES, NO_TIME, 1) != split_by_story(HEADLINES, NO_TIME, 2)


def test_new_stories_move_no_old_one() -> None:
    before = split_by_story(HEADLINES[:300], NO_TIME, 42)
    after = split_by_story(HEADLINES, NO_TIME, 42)
    assert stories(before.test) <= stories(after.test)
    assert stories(before.validation) <= stories(after.validation)
    assert stories(before.train) <= stories(after.train)


def test_a_side_without_a_class_is_refused() -> None:
    lonely = [headline for headline in HEADLINES if headline.label != 3]
    with pytest.raises(TrainingError, match="no story of Health"):
        split_by_story([*lonely, Headline("one", 3, "only")], NO_TIME, 42)
    with pytest.raises(TrainingError, match="no story fell to the validation side"):
        split_by_story(HEADLINES, Fractions(0.2, 1e-6, 0.0), 42)


def test_a_limit_takes_every_story_before_a_second_headline_of_any() -> None:
    few = limit(HEADLINES, 200, 42)
    assert len(few) == 200 and len(stories(few)) == 200
    more = limit(HEADLINES, 250, 42)
    assert len(more) == 250 and max(Counter(h.story for h in more).values()) == 2
    assert limit(HEADLINES, 0, 42) == HEADLINES


def test_counts_tell_headlines_stories_and_classes() -> None:
    counts = split_by_story(HEADLINES, NO_TIME, 42).describe()["test"]
    assert isinstance(counts, dict)
    assert counts["headlines"] == sum(counts["classes"].values())
    assert list(counts["classes"]) == list(LABELS)


SAMPLE = Path(__file__).parents[2] / "stacks" / "news-classifier" / "data" / "headlines.csv"


def test_the_shipped_sample_is_whole_and_splits() -> None:
    assert SAMPLE.stat().st_size <= 3_000_000
    reading = read_headlines(SAMPLE)
    headlines = reading.headlines
    assert not reading.dropped
    classes_of: dict[str, set[int]] = {}
    for headline in headlines:
        classes_of.setdefault(headline.story, set()).add(headline.label)
    assert all(len(classes) == 1 for classes in classes_of.values())
    split = split_by_story(prepare(reading).headlines, Fractions(0.2, 0.1, 0.1), 42)
    # What the local environment of the stack trains on.
    assert len(split.train) >= 7000
    assert len(split.test) >= 1500 and len(split.newest) >= 1000
