import lzma
from pathlib import Path

from conftest import corpus, row

import make_sample


def test_small_whole_stories_within_the_limit_in_the_original_order(tmp_path: Path) -> None:
    source, target = tmp_path / "full.csv.xz", tmp_path / "sample.csv"
    large = "".join(row(f"large {index}", "b", "large") for index in range(50))
    text = corpus() + large
    source.write_bytes(lzma.compress(text.encode()))
    arguments = [str(source), str(target), "--most-bytes", "8000"]
    assert make_sample.main(arguments) == 0
    sample = target.read_text(encoding="utf-8")
    assert 4000 < len(sample.encode()) <= 8000
    whole, kept = make_sample.read_rows(source), make_sample.read_rows(target)
    assert [one for one in whole if one in kept] == kept
    stories = {one.story for one in kept}
    assert "large" not in stories
    assert kept == [one for one in whole if one.story in stories]
    assert {one.category for one in kept} == {"b", "e", "m", "t"}

    make_sample.main(arguments)
    assert target.read_text(encoding="utf-8") == sample
