from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import row

from headlines.data import LABELS, NEWS, Format, find_data_file, read_headlines
from headlines.errors import TrainingError

Write = Callable[[bytes], Path]


def test_quotation_marks_are_part_of_the_title(write_rows: Write) -> None:
    titles = ['"Unbalanced quote', 'He said "no" twice', "It's 5' 10\" tall"]
    path = write_rows("".join(row(title) for title in titles).encode())
    assert [headline.title for headline in read_headlines(path).headlines] == titles


def test_only_a_line_feed_ends_a_row(write_rows: Write) -> None:
    title = "next line\x85 and separator\u2028 inside"
    path = write_rows(row(title).encode() + row("second").replace("\n", "\r\n").encode())
    assert [headline.title for headline in read_headlines(path).headlines] == [title, "second"]


@pytest.mark.parametrize(
    ("letter", "label"),
    [("b", "Business"), ("t", "Science"), ("e", "Entertainment"), ("m", "Health")],
)
def test_each_category_has_its_label(write_rows: Write, letter: str, label: str) -> None:
    (headline,) = read_headlines(write_rows(row("x", letter).encode())).headlines
    assert LABELS[headline.label] == label


def test_the_order_of_labels_is_the_one_clients_know() -> None:
    assert LABELS == ("Business", "Science", "Entertainment", "Health")


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (b"only\tthree\tcolumns\n", "not 8 columns: 3"),
        (row("x", "q").encode(), "unknown category: 'q'"),
        (row(" ").encode(), "the title is empty"),
        (row("x", story="").encode(), "the story is empty"),
        (row("x").encode().replace(b"x", b"\xff", 1), "not UTF-8: at byte 2"),
        (
            row("x").encode().replace(b"1394470370698", b"today"),
            "the timestamp is no number: 'today'",
        ),
        (b"\n", "not 8 columns: 1"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(write_rows: Write, bad: bytes, what: str) -> None:
    path = write_rows(row("fine").encode() + bad)
    with pytest.raises(TrainingError, match=r"headlines\.csv:2: ") as caught:
        read_headlines(path)
    assert what in str(caught.value)


def test_many_bad_rows_are_counted_and_few_shown(write_rows: Write) -> None:
    with pytest.raises(TrainingError) as caught:
        read_headlines(write_rows(b"bad\n" * 10))
    assert "10 of 10 rows are unusable" in str(caught.value)
    assert "csv:3:" in str(caught.value) and "csv:4:" not in str(caught.value)


def test_few_bad_rows_are_dropped_and_counted_by_reason(write_rows: Write) -> None:
    lines = row("fine").encode() * 197 + b"ID\tTITLE\n" + row("x", "q").encode() + b"bad\n"
    reading = read_headlines(write_rows(lines), 0.02)
    assert reading.dropped == {"not 8 columns": 2, "unknown category": 1}
    assert (reading.rows, len(reading.headlines)) == (200, 197)
    with pytest.raises(TrainingError, match="3 of 200 rows"):
        read_headlines(write_rows(lines), 0.01)


def test_a_file_is_known_by_its_content(write_rows: Write) -> None:
    first = read_headlines(write_rows(row("one").encode())).digest
    assert first == read_headlines(write_rows(row("one").encode())).digest
    assert first != read_headlines(write_rows(row("two").encode())).digest


def test_an_empty_file_is_refused(write_rows: Write) -> None:
    with pytest.raises(TrainingError, match="is empty"):
        read_headlines(write_rows(b""))


def test_the_channel_must_hold_one_file(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="does not exist"):
        find_data_file(tmp_path / "absent")
    with pytest.raises(TrainingError, match="holds 0 files"):
        find_data_file(tmp_path)
    (tmp_path / ".hidden").touch()
    (tmp_path / "news.csv").touch()
    assert find_data_file(tmp_path).name == "news.csv"
    (tmp_path / "second.csv").touch()
    with pytest.raises(TrainingError, match="holds 2 files"):
        find_data_file(tmp_path)


MESSAGES = Format(
    columns=2,
    text=1,
    label=0,
    classes={"1": "ham", "2": "spam"},
    separator=",",
    quoted=True,
    header=True,
)


def test_another_format_has_its_own_columns_labels_and_quotes(write_rows: Write) -> None:
    path = write_rows(b'label,text\n2,"win, ""now""\nor never"\n1,see you\n')
    reading = read_headlines(path, 0.0, MESSAGES)
    assert reading.labels == ("ham", "spam")
    assert [(one.title, one.label) for one in reading.headlines] == [
        ('win, "now"\nor never', 1),
        ("see you", 0),
    ]
    # Without a column of groups, equal texts belong together, and nothing has a time.
    assert [(one.story, one.time) for one in reading.headlines][1] == ("see you", 0)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (b"3,x\n", "unknown category: '3', known are 1, 2"),
        (b"1,a,b\n", "not 2 columns: 3"),
        (b'1,"a"b\n', "not quoted as RFC 4180 has it"),
        (b'1,"never closed\n2,x\n', "not quoted as RFC 4180 has it"),
    ],
)
def test_a_bad_row_of_another_format_is_named(write_rows: Write, bad: bytes, what: str) -> None:
    path = write_rows(b"label,text\n" + bad)
    with pytest.raises(TrainingError, match=r"headlines\.csv:2: ") as caught:
        read_headlines(path, 0.0, MESSAGES)
    assert what in str(caught.value)


def test_the_format_comes_in_a_variable_and_is_that_of_the_news_without_it() -> None:
    text = (
        '{"columns":2,"text":1,"label":0,"group":null,"time":null,"separator":",",'
        '"quoted":true,"header":true,"classes":[["1","ham"],["2","spam"]]}'
    )
    assert Format.from_environment({"DATA_FORMAT": text}) == MESSAGES
    for variables in ({}, {"DATA_FORMAT": ""}):
        assert Format.from_environment(variables) == NEWS
    for wrong in ("{", "[]", "{}", text.replace("header", "head")):
        with pytest.raises(TrainingError, match="DATA_FORMAT is no format"):
            Format.from_environment({"DATA_FORMAT": wrong})
