"""Builds HTML and SVG out of elements, so that no text can get in without being escaped."""

from __future__ import annotations

import html

Value = str | int | float

VOID = frozenset({"meta", "line", "rect", "circle", "polyline", "path"})


class Markup(str):
    """Text that is markup already; every other string is escaped when it is put into an element."""


def element(name: str, /, *children: Value | None, **attributes: Value | None) -> Markup:
    """Makes one element; children and attributes that are None are left out.

    Attribute names are written with underscores for hyphens, and one at the end where Python has a
    word of its own: `class_`, `aria_label`.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{given}>" if name == "meta" else f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{together(*children)}</{name}>")


def together(*children: Value | None) -> Markup:
    """Puts parts one after the other, escaping those that are no markup."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else html.escape(str(child))
            for child in children
            if child is not None
        )
    )
