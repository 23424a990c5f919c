"""The blocks that every section of the page is built from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headlines.page.markup import Markup, element
from headlines.page.values import plain

# Columns that stand at the right in a table of words.
NUMBERS = frozenset({"Macro-F1", "Accuracy", "Probability"})


def section(title: str, text: str | None, *content: Markup | None) -> Markup:
    """Makes a part of the page with a heading and a sentence that says how to read it."""
    words = element("p", text, class_="muted") if text else None
    return element("section", element("h2", title), words, *content)


def table(caption: str, heads: Sequence[str], rows: Sequence[Markup], style: str = "") -> Markup:
    """Makes a table of ready rows; the first cell of a row is its head.

    Style `words` is for text, `stack` folds rows on telephones, `heat` is the confusion matrix.
    """
    number = {"class_": "number"} if "words" in style else {}
    columns = [
        element("th", head, scope="col", **(number if head in NUMBERS else {})) for head in heads
    ]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *columns)),
        element("tbody", *rows),
        class_=style or None,
    )
    # Wider than a telephone, it scrolls by itself, by keyboard too.
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def pairs(caption: str, values: Iterable[tuple[str, object]]) -> Markup:
    """Makes a table of names and values of any kind."""
    rows = [
        element(
            "tr", element("th", name, scope="row"), element("td", element("code", plain(value)))
        )
        for name, value in values
    ]
    return table(caption, ["Name", "Value"], rows)
