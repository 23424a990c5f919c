"""Colours the cells of the confusion matrix so that they can be read on a light and a dark page."""

from __future__ import annotations

from headlines.page.markup import Markup, element

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# What an empty cell and a full one look like: for right answers and for mistakes.
LIGHT = ((255, 255, 255), (18, 74, 160), (168, 70, 0))
DARK = ((27, 31, 38), (125, 175, 255), (255, 160, 90))


def heat_cell(count: int, share: float, right: bool, worst: float) -> Markup:
    """Makes a cell of so many headlines, which are that share of the row.

    Right answers are coloured by their share, mistakes by their share of the most frequent one
    (`worst`), since a good model's mistakes would all look alike beside its right answers.
    """
    heat = share if right else 0.75 * share / worst
    colours = {}
    for name, (empty, good, bad) in (("light", LIGHT), ("dark", DARK)):
        back = mix(empty, good if right else bad, heat)
        colours[f"--{name}"] = back
        colours[f"--{name}-text"] = readable(back)
    style = ";".join(f"{name}:{code(colour)}" for name, colour in colours.items())
    return element(
        "td", element("b", f"{count:,}"), element("span", f"{100 * share:.1f} %"), style=style
    )


def mix(start: Colour, end: Colour, amount: float) -> Colour:
    """Gives the colour between two; `amount` is from 0 to 1."""
    part = min(max(amount, 0.0), 1.0)
    red, green, blue = (
        round(low + (high - low) * part) for low, high in zip(start, end, strict=True)
    )
    return red, green, blue


def readable(back: Colour) -> Colour:
    """Gives black or white, whichever stands out more; one of them always reaches 4.5 to 1."""
    return max((BLACK, WHITE), key=lambda text: contrast(text, back))


def contrast(one: Colour, other: Colour) -> float:
    """Gives the contrast ratio of two colours as WCAG 2 defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def code(colour: Colour) -> str:
    """Writes a colour for CSS."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
