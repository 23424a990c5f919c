"""Draws the charts of the evaluation page as SVG, with nothing but the standard library.

Each drawing is 360 units wide, the width of a small telephone, so that its letters stay readable
there; wider screens enlarge it. Colours come from the page's style sheet, by class. A drawing has
its message as a label for screen readers, and its figures stand in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from headlines.page.markup import Markup, element, together

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 42, 12, 12, 36
TICKS = 5


@dataclass(frozen=True)
class Line:
    """One curve: points from left to right, and the class that gives it its colour and dashes."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str


@dataclass(frozen=True)
class Axes:
    """The part of the plane that a chart shows."""

    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Gives a point its place in the drawing, whose y runs downwards."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )


def line_chart(lines: Sequence[Line], label: str, marked: float | None = None) -> Markup:
    """Draws curves over epochs, with a legend; `marked` is the epoch whose weights were kept."""
    points = [point for line in lines for point in line.points]
    axes = Axes(_wide([x for x, _ in points]), _round([y for _, y in points]))
    parts = [_grid(axes, "epoch", sorted({x for x, _ in points}))]
    if marked is not None and axes.x[0] <= marked <= axes.x[1]:
        x, top = axes.place(marked, axes.y[1])
        parts.append(element("line", x1=x, x2=x, y1=top, y2=HEIGHT - BOTTOM, class_="marked"))
    for line in lines:
        places = [axes.place(x, y) for x, y in line.points]
        track = " ".join(f"{x},{y}" for x, y in places)
        parts.append(element("polyline", points=track, class_=f"curve {line.style}"))
        parts += [element("circle", cx=x, cy=y, r=3, class_=f"dot {line.style}") for x, y in places]
    legend = [
        element("span", element("i", class_=f"key {line.style}", aria_hidden="true"), line.name)
        for line in lines
    ]
    if marked is not None:
        legend.append(
            element("span", element("i", class_="key best", aria_hidden="true"), "kept epoch")
        )
    return together(_drawing(parts, label), element("p", *legend, class_="legend"))


def reliability_diagram(bins: Sequence[tuple[float, float, float, float]], label: str) -> Markup:
    """Draws accuracy against confidence.

    A bin is its lower and upper confidence, its accuracy, and its share of all headlines, each from
    0 to 1. A bar on the diagonal is honest; the stronger it is, the more headlines it holds.
    """
    axes = Axes((0.0, 1.0), (0.0, 1.0))
    parts = [_grid(axes, "confidence", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])]
    most = max((share for *_, share in bins), default=1.0) or 1.0
    for lower, upper, accuracy, share in bins:
        x, y = axes.place(lower, accuracy)
        right, base = axes.place(upper, 0.0)
        parts.append(
            element(
                "rect",
                x=x + 1,
                y=y,
                width=round(max(right - x - 2, 1), 1),
                height=round(base - y, 1),
                class_="bar",
                # Never faint enough to be overlooked.
                fill_opacity=round(0.3 + 0.7 * share / most, 2),
            )
        )
    (x1, y1), (x2, y2) = axes.place(0, 0), axes.place(1, 1)
    parts.append(element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="ideal"))
    legend = element(
        "p",
        element("span", element("i", class_="key bar", aria_hidden="true"), "accuracy of a bin"),
        element(
            "span", element("i", class_="key ideal", aria_hidden="true"), "perfectly calibrated"
        ),
        class_="legend",
    )
    return together(_drawing(parts, label), legend)


def share_bar(share: float, style: str = "one") -> Markup:
    """Draws a share beside its figure; screen readers have the figure."""
    width = round(100 * min(max(share, 0.0), 1.0), 1)
    return element(
        "svg",
        element("rect", width=100, height=8, class_="track"),
        element("rect", width=width, height=8, class_=f"bar {style}"),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        class_="share",
        aria_hidden="true",
    )


def _drawing(parts: Sequence[Markup], label: str) -> Markup:
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="chart",
        role="img",
        aria_label=label,
    )


def _grid(axes: Axes, title: str, across: Sequence[float]) -> Markup:
    """Draws horizontal lines with their values, the values of x below, and the title of x."""
    parts = []
    low, high = axes.y
    step = _step(high - low)
    for tick in range(round((high - low) / step) + 1):
        value = low + tick * step
        x, y = axes.place(axes.x[0], value)
        parts.append(element("line", x1=x, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        parts.append(element("text", f"{value:.{digits}f}", x=x - 5, y=y + 4, class_="y"))
    # Every value would overprint its neighbours.
    for value in across[:: max(1, -(-len(across) // 8))]:
        x, _ = axes.place(value, low)
        text = f"{value:g}" if value == int(value) else f"{value:.1f}"
        parts.append(element("text", text, x=x, y=HEIGHT - BOTTOM + 15, class_="x"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(element("text", title, x=middle, y=HEIGHT - 5, class_="x"))
    return together(*parts)


def _wide(values: Sequence[float]) -> tuple[float, float]:
    """Gives the range of the values, never an empty one."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _round(values: Sequence[float]) -> tuple[float, float]:
    """Gives a range around the values that begins and ends on a step."""
    low, high = _wide(values)
    step = _step(high - low)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _step(span: float) -> float:
    """Gives the distance of the horizontal lines: 1, 2 or 5 times a power of ten."""
    rough = span / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
