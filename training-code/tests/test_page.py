import copy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import browser
import pytest
from browser import Browser

from headlines import page
from headlines.page import heat
from headlines.page.markup import Markup, element

LABELS = ["Business", "Science", "Entertainment", "Health"]
COUNTS = [[5421, 231, 88, 41], [302, 4890, 110, 38], [75, 98, 7720, 25], [60, 44, 31, 2011]]
EPOCH = {"step": 2650, "train_loss": 0.4, "eval_loss": 0.2, "seconds": 410.2}
METRICS: dict[str, Any] = {
    "schema": 1,
    "accuracy": 0.9459,
    "macro_f1": 0.9412,
    "loss": 0.1873,
    "expected_calibration_error": 0.0213,
    "labels": LABELS,
    "classes": {
        name: {"precision": 0.9, "recall": 0.95, "f1": 0.92, "support": sum(row)}
        for name, row in zip(LABELS, COUNTS, strict=True)
    },
    "confusion": {"rows": "true", "columns": "predicted", "counts": COUNTS},
    "calibration": {
        "bins": [
            {"lower": 0.0, "upper": 0.1, "count": 0, "confidence": None, "accuracy": None},
            {"lower": 0.5, "upper": 0.6, "count": 900, "confidence": 0.56, "accuracy": 0.4},
            {"lower": 0.9, "upper": 1.0, "count": 20285, "confidence": 0.98, "accuracy": 0.95},
        ]
    },
    "worst": [
        {
            "title": "Apple CEO's health worries markets " + "long" * 25,
            "true": "Health",
            "predicted": "Entertainment",
            "probability": 0.999,
            "loss": 7.2,
        }
    ]
    * 20,
    "baseline": {"name": "bag of words", "accuracy": 0.9121, "macro_f1": 0.9034, "seconds": 12.3},
    "history": [
        {**EPOCH, "epoch": epoch, "eval_accuracy": 0.9 + epoch / 100, "eval_macro_f1": 0.9}
        for epoch in (1, 2, 3)
    ],
    "best_epoch": 2,
    "preparation": {
        "rows_read": 422937,
        "dropped": {"empty title": 3},
        "duplicates_removed": 15987,
        "conflicting_titles": 788,
        "classes": dict(zip(LABELS, [115967, 108344, 152469, 45639], strict=True)),
    },
    "splits": {
        "story": {
            "train": {"headlines": 320000, "stories": 5000, "classes": {}},
            "validation": {"headlines": 20000, "stories": 400, "classes": {}},
            "test": {"headlines": 21185, "stories": 500, "classes": {}},
        },
        "time": {"accuracy": 0.92, "macro_f1": 0.91, "headlines": 40211, "cut": "2014-07-21"},
        "row": {"accuracy": 0.968, "macro_f1": 0.965, "note": "99.99 % share a story."},
    },
    "settings": {"base_model": "distilbert-base-uncased", "learning_rate": 5e-5, "seed": 42},
    "run": {"seconds": 1641.3, "device": "cuda", "resumed_from_step": None},
    "versions": {"python": "3.12.3", "torch": "2.8.0"},
}
OPTIONAL = sorted(set(METRICS) - {"accuracy", "macro_f1", "loss"})
HOSTILE = "\"'><script>alert(1)</script><img src=http://x.test/ onerror=alert(1)>&lt;"


class Elements(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def headings(metrics: dict[str, Any]) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page.render(metrics))


def test_every_part_has_its_section() -> None:
    assert headings(METRICS) == [
        "Figures",
        "Classes",
        "Confusion",
        "Calibration",
        "Training",
        "Worst mistakes",
        "Data preparation",
        "Splits",
        "How it was made",
    ]
    words = Elements(page.render(METRICS)).words
    for figure in (
        "0.941",
        "bag of words: 0.903 (+0.038)",
        "21,185 texts",
        "5,421",
        "93.8 %",
        "0.50–0.60",
        "15,987",
        "The split by row leaks",
        "21,185 to test, 20,000 to choose the epoch, 320,000 to train",
        "40,211 newest texts, collected from 2014-07-21 on",
        "By row, bag of words",
        "5e-05",
    ):
        assert figure in words, figure


@pytest.mark.parametrize("part", OPTIONAL)
@pytest.mark.parametrize("value", ["left out", None, {}, []])
def test_a_missing_part_leaves_the_others(part: str, value: object) -> None:
    metrics = copy.deepcopy(METRICS)
    if value == "left out":
        del metrics[part]
    else:
        metrics[part] = value
    assert "0.941" in page.render(metrics)


def test_the_sides_of_a_split_may_be_plain_counts() -> None:
    text = page.render({"splits": {"story": {"train": 80, "test": 20}}})
    assert "20 to test, 80 to train" in text
    assert "leaks" not in text


def test_three_figures_are_enough() -> None:
    assert headings({"accuracy": 0.9, "macro_f1": 0.8, "loss": float("nan")}) == ["Figures"]
    assert "–" in page.render({"accuracy": None})


@pytest.mark.parametrize("epochs", [[1], [1, 1], [0.5, 1.0, 1.5], list(range(1, 41))])
def test_any_number_of_epochs_can_be_drawn(epochs: list[float]) -> None:
    history = [{**EPOCH, "epoch": epoch, "train_loss": None} for epoch in epochs]
    text = page.render({"history": history, "best_epoch": epochs[0]})
    assert "validation" in text
    assert "training<" not in text
    assert "nan" not in text


def test_everything_is_escaped() -> None:
    def spoiled(value: Any) -> Any:
        if isinstance(value, str):
            return HOSTILE + value
        if isinstance(value, list):
            return [spoiled(each) for each in value]
        if isinstance(value, dict):
            known = "base_model" in value or not any(name in value for name in (*LABELS, "torch"))
            return {
                name if known else HOSTILE + name: spoiled(each) for name, each in value.items()
            }
        return value

    plain, hostile = Elements(page.render(METRICS)), Elements(page.render(spoiled(METRICS)))
    assert hostile.names == plain.names
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
    assert hostile.words.count("<script>alert(1)</script>") > 60
    assert element("p", "<b>", Markup("<b>"), title='"') == '<p title="&quot;">&lt;b&gt;<b></p>'


def test_the_page_holds_no_script_and_no_address() -> None:
    elements = Elements(page.render(METRICS))
    assert not {"script", "link", "img", "iframe", "object"} & set(elements.names)
    assert not [value for name, value in elements.attributes if name in ("src", "href")]
    assert "url(" not in page.STYLE.read_text(encoding="utf-8")


def test_it_stands_beside_the_metrics(tmp_path: Path) -> None:
    page.write(METRICS, tmp_path / "new")
    text = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert text == page.render(METRICS)


@pytest.mark.parametrize("right", [True, False])
def test_every_heat_cell_can_be_read(right: bool) -> None:
    for percent in range(101):
        style = re.findall("#[0-9a-f]{6}", heat.heat_cell(1, percent / 100, right, worst=1.0))
        light, light_text, dark, dark_text = (colour(text) for text in style)
        assert heat.contrast(light, light_text) >= 4.5
        assert heat.contrast(dark, dark_text) >= 4.5


def test_every_text_colour_can_be_read() -> None:
    """4.5 to 1, what WCAG 2 asks of text, in both themes."""
    style = page.STYLE.read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part)) for part in style.split("@media")
    ]
    assert themes[0].keys() == themes[1].keys()
    for theme in themes[:2]:
        for text in ("text", "muted", "one"):
            for back in ("page", "card"):
                ratio = heat.contrast(colour(theme[text]), colour(theme[back]))
                assert ratio >= 4.5, (text, back, ratio)
        assert heat.contrast(colour(theme["text"]), colour(theme["warn-page"])) >= 4.5


def colour(text: str) -> heat.Colour:
    red, green, blue = (int(text[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def test_without_a_browser_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(browser.MissingBrowser, match="apt-get install chromium"):
        browser.find_browser()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    page.write(METRICS, folder)
    return (folder / page.PAGE).as_uri()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_browser(chromium: Browser, address: str, width: int, theme: str) -> None:
    chromium.open(address, width, theme)
    requested = [event["request"]["url"] for event in chromium.seen("Network.requestWillBeSent")]
    assert requested == [address]
    for complaint in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
        assert not chromium.seen(complaint)
    assert chromium.evaluate("document.compatMode") == "CSS1Compat"
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    # Even on a telephone no table needs to be scrolled, but the one that is folded away.
    tables = "[...document.querySelectorAll('section > .scroll, section > div > .scroll')]"
    wide = f"{tables}.filter(x => x.scrollWidth > x.clientWidth)"
    assert chromium.evaluate(f"{wide}.map(x => x.ariaLabel)") == []
    back = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(244, 245, 247)", "dark": "rgb(18, 21, 26)"}[theme]


def test_it_can_be_used_without_seeing_it(chromium: Browser, address: str) -> None:
    chromium.open(address, 1200)
    counts = {
        "main": 1,
        "h1": 1,
        "svg.chart": 3,
        "svg.chart[role=img][aria-label]": 3,
        "svg:not(.chart):not([aria-hidden=true])": 0,
        "table:not(:has(caption))": 0,
        "th:not([scope])": 0,
        "tbody tr:not(:has(th[scope=row]))": 0,
        ".scroll:not([tabindex='0'][role=region][aria-label])": 0,
    }
    for selector, count in counts.items():
        found = chromium.evaluate(f"document.querySelectorAll({selector!r}).length")
        assert found == count, selector
    assert chromium.evaluate("document.documentElement.lang") == "en"
    labels = chromium.evaluate("[...document.querySelectorAll('svg.chart')].map(x => x.ariaLabel)")
    assert "the accuracy 0.950" in labels[0]
    assert "accuracy from 0.910 to 0.930" in labels[2]


def test_folded_tables_stay_tables(chromium: Browser, address: str) -> None:
    """Rows that are shown as blocks on a telephone could be rows no more to a screen reader."""
    roles = []
    for width in (360, 1200):
        chromium.open(address, width)
        nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
        shown = [node["role"]["value"] for node in nodes if not node["ignored"]]
        roles.append({role: shown.count(role) for role in ("table", "row", "rowheader", "cell")})
    assert roles[0] == roles[1]
    # All but the one that is folded away.
    assert roles[0]["table"] == 11


def test_it_can_be_printed(chromium: Browser, address: str) -> None:
    chromium.open(address, 794, theme="dark", media="print")
    assert (
        chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    # What is folded away on a screen cannot be opened on paper.
    height = "document.querySelector('details .scroll').getBoundingClientRect().height"
    assert chromium.evaluate(height) > 50


def test_the_page_forbids_what_it_does_not_need(chromium: Browser, address: str) -> None:
    chromium.open(address, 1200)
    chromium.evaluate(
        "document.body.append(Object.assign(new Image(), {src: 'http://x.test/a.png'}))"
    )
    assert chromium.wait_for("Network.loadingFailed")["blockedReason"] == "csp"
