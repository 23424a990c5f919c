"""Writes the evaluation as one page that needs nothing else: `report.html` beside `metrics.json`.

Input: the map that `metrics.json` holds. Only its figures are needed; a part that is missing, as
from a model that other code trained, leaves its section out. Output: HTML with its style and charts
inside, without a script and without a request to anywhere, which the page itself forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headlines.page import making, results
from headlines.page.markup import Markup, element

PAGE = "report.html"
STYLE = Path(__file__).with_name("style.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"

SECTIONS = (
    results.figures,
    results.classes,
    results.confusion,
    results.calibration,
    making.training,
    making.mistakes,
    making.preparation,
    making.splits,
    making.conditions,
)


def write(metrics: Mapping[str, Any], folder: Path) -> None:
    """Writes `report.html` into a folder, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(render(metrics), encoding="utf-8")


def render(metrics: Mapping[str, Any]) -> str:
    """Gives the text of the page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "Evaluation of the classifier"),
        element("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    sections = [section(metrics) for section in SECTIONS]
    body = element("body", element("main", results.heading(metrics), *sections))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"
