import numpy as np
import pytest

from headlines.baseline import NaiveBayes, measure_by_rows, measure_by_story
from headlines.data import Headline
from headlines.split import Split

SUBJECTS = ("bank", "phone", "singer", "virus")


def headlines(stories: range, copies: int = 3) -> list[Headline]:
    """Gives stories whose headlines share their subject with the class and a name among them."""
    return [
        Headline(f"{SUBJECTS[story % 4]} of name{story} {copy}", story % 4, f"s{story}")
        for story in stories
        for copy in range(copies)
    ]


def test_words_of_a_class_decide() -> None:
    split = Split(headlines(range(40)), [], headlines(range(40, 60)), [], None)
    score = measure_by_story(split)
    assert (score.accuracy, score.macro_f1) == (1.0, 1.0)


def test_word_order_counts_and_a_headline_without_words_gets_the_commonest_class() -> None:
    model = NaiveBayes()
    model.fit(
        [Headline("dog bites man", 0, "a"), Headline("man bites dog", 1, "b")] * 2
        + [Headline("rain", 2, "c")] * 9
        + [Headline("snow", 3, "d")]
    )
    scores = model.scores([Headline("dog bites man", 0, "x"), Headline("!?", 2, "y")])
    assert scores.argmax(axis=1).tolist() == [0, 2]
    assert np.isfinite(scores).all()


def test_rows_leak_what_stories_do_not() -> None:
    # Only the story's name tells the class, so a new story can only be guessed.
    rows = [
        Headline(f"about name{story}", (story * 7 // 3) % 4, f"s{story}")
        for story in range(80)
        for _ in range(6)
    ]
    train, test = rows[:384], rows[384:]
    by_story = measure_by_story(Split(train, [], test, [], None))
    by_rows = measure_by_rows(rows, 0.2, len(train), 42)
    assert by_rows.accuracy == pytest.approx(1.0, abs=0.02)
    assert by_story.accuracy < 0.6
