from headlines.data import Headline, Reading
from headlines.preparation import prepare


def test_copies_go_conflicts_stay_and_both_are_counted() -> None:
    headlines = [
        Headline("same", 0, "s1"),
        Headline("same", 0, "s2"),
        Headline("same", 1, "s3"),
        Headline("same", 1, "s3"),
        Headline("Same", 0, "s1"),
    ]
    result = prepare(Reading(headlines, {"not UTF-8": 2}, "digest"))
    assert [headline.story for headline in result.headlines] == ["s1", "s3", "s1"]
    assert result.describe() == {
        "rows_read": 7,
        "dropped": {"not UTF-8": 2},
        "duplicates_removed": 2,
        "conflicting_titles": 1,
        "classes": {"Business": 2, "Science": 1, "Entertainment": 0, "Health": 0},
    }
    assert result.lines()[0].startswith("rows_read=7 dropped=2 (not UTF-8: 2) duplicates_removed=2")
