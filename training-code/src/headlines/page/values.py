"""Reads a map of figures that may lack anything, and writes figures for reading."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ABSENT = "–"

Part = Mapping[str, Any]


def label_names(metrics: Part) -> list[str]:
    """Gives the classes in the order of the model's outputs."""
    return [str(name) for name in items(metrics.get("labels")) or part(metrics, "classes")]


def part(of: object, key: str | None) -> Part:
    """Gives a map inside a map, or the map itself; an empty one where there is none."""
    found = of.get(key) if key is not None and isinstance(of, Mapping) else of
    return found if isinstance(found, Mapping) else {}


def items(value: object) -> list[Any]:
    """Gives the items of a list; none where there is no list."""
    return list(value) if isinstance(value, (list, tuple)) else []


def number(value: object) -> float | None:
    """Gives a number that can be drawn; None for what is missing, no number or not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def fraction(value: float | None) -> str:
    """Writes a share from 0 to 1."""
    return ABSENT if value is None else f"{value:.3f}"


def whole(value: object) -> str:
    """Writes a count."""
    known = number(value)
    return ABSENT if known is None else f"{known:,.0f}"


def plain(value: object) -> str:
    """Writes any value for reading: numbers short, whole ones with separators."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and value < 1e15 else f"{value:.4g}"
    return str(value)
