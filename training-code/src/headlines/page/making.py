"""The sections that say how the model came to be, and where it fails."""

from __future__ import annotations

from collections.abc import Iterable

from headlines.page.blocks import pairs, section, table
from headlines.page.charts import Line, line_chart, share_bar
from headlines.page.markup import Markup, element
from headlines.page.values import ABSENT, Part, fraction, items, number, part, plain, whole

PURPOSES = {"test": "test", "validation": "choose the epoch", "train": "train"}
CONDITIONS = ("Settings", "Run", "Versions", "Baseline")


def training(metrics: Part) -> Markup | None:
    """Shows loss and quality by epoch."""
    history = [part(each, None) for each in items(metrics.get("history"))]
    history = [each for each in history if number(each.get("epoch")) is not None]
    if not history:
        return None
    best = number(metrics.get("best_epoch"))
    charts = []
    for title, names in (
        ("Loss", {"train_loss": "training", "eval_loss": "validation"}),
        ("Quality", {"eval_macro_f1": "macro-F1", "eval_accuracy": "accuracy"}),
    ):
        lines = [
            Line(name, points, style)
            for (key, name), style in zip(names.items(), ("one", "two"), strict=True)
            if (points := _points(history, key))
        ]
        if lines:
            label = f"{title} by epoch. " + ". ".join(map(_ends, lines))
            chart = line_chart(lines, label, best)
            charts.append(element("figure", element("h3", title), chart))
    columns = {
        "step": "Step",
        "train_loss": "Training loss",
        "eval_loss": "Validation loss",
        "eval_accuracy": "Accuracy",
        "eval_macro_f1": "Macro-F1",
        "seconds": "Seconds",
    }
    rows = [
        element(
            "tr",
            element("th", plain(each["epoch"]), scope="row"),
            *(element("td", plain(each.get(key))) for key in columns),
        )
        for each in history
    ]
    of_epochs = table("Epochs", ["Epoch", *columns.values()], rows)
    kept = "" if best is None else f" The weights of epoch {plain(best)} were kept."
    return section(
        "Training",
        f"Measured on texts set aside for validation.{kept}",
        element("div", *charts, class_="pair"),
        element("details", element("summary", "The figures of every epoch"), of_epochs),
    )


def _points(history: Iterable[Part], key: str) -> list[tuple[float, float]]:
    pairs = [(number(each["epoch"]), number(each.get(key))) for each in history]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _ends(line: Line) -> str:
    return f"{line.name} from {line.points[0][1]:.3f} to {line.points[-1][1]:.3f}"


def mistakes(metrics: Part) -> Markup | None:
    """Lists the headlines that the model is most wrong about."""
    worst = [part(each, None) for each in items(metrics.get("worst"))]
    if not worst:
        return None
    rows = [
        element(
            "tr",
            element("th", each.get("title", ABSENT), scope="row"),
            element("td", each.get("true", ABSENT), data_head="true"),
            element("td", each.get("predicted", ABSENT), data_head="predicted"),
            element(
                "td",
                fraction(number(each.get("probability"))),
                class_="number",
                data_head="probability",
            ),
        )
        for each in worst
    ]
    return section(
        "Worst mistakes",
        "The texts with the largest loss, with the probability that the model gave to its "
        "wrong answer. Some of them show a label that is itself doubtful.",
        table(
            "Texts with the largest loss",
            ["Text", "True", "Predicted", "Probability"],
            rows,
            "words stack",
        ),
    )


def preparation(metrics: Part) -> Markup | None:
    """Says what happened to the rows of the data file."""
    given = part(metrics, "preparation")
    if not given:
        return None
    dropped = part(given, "dropped")
    steps = [
        ("Rows read", given.get("rows_read")),
        *((f"Dropped: {reason}", count) for reason, count in dropped.items()),
        ("Duplicates removed", given.get("duplicates_removed")),
        ("Titles with conflicting labels", given.get("conflicting_titles")),
    ]
    classes = part(given, "classes")
    total = sum(int(count) for count in classes.values() if number(count) is not None) or 1
    of_classes = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", whole(count)),
            element("td", f"{100 * count / total:.1f} %", share_bar(count / total)),
        )
        for name, count in classes.items()
        if number(count) is not None
    ]
    return section(
        "Data preparation",
        "What happened to the rows of the data file before training saw them.",
        element(
            "div",
            pairs("Rows", steps),
            table("Classes left", ["Class", "Texts", "Share"], of_classes) if of_classes else None,
            class_="pair",
        ),
    )


def splits(metrics: Part) -> Markup | None:
    """Compares the ways to keep training and test apart, and warns of the one that leaks."""
    given = part(metrics, "splits")
    if not given:
        return None
    story, time, row = (part(given, name) for name in ("story", "time", "row"))
    baseline = part(metrics, "baseline")
    name = baseline.get("name", "baseline")
    rows = []
    if story:
        rows.append(_split("By story", metrics, _sides(story)))
    if time:
        cut = f", collected from {time['cut']} on" if time.get("cut") else ""
        note = f"{whole(time.get('headlines'))} newest texts{cut}; the stricter test"
        rows.append(_split("By time", time, note))
    if baseline:
        rows.append(_split(f"By story, {name}", baseline, "the same test texts"))
    if row:
        note = row.get("note") or "near-copies stand on both sides"
        rows.append(_split(f"By row, {name}", row, note))
    warning = element(
        "p",
        element("strong", "The split by row leaks. "),
        "Its figures are for comparison with results that were reported this way; do not take them "
        "for the quality of a model.",
        class_="warning",
    )
    return section(
        "Splits",
        "How good the model is depends on what it is tested on. The figures above are by story.",
        table(
            "Quality by split",
            ["Split", "Macro-F1", "Accuracy", "Test texts"],
            rows,
            "words stack",
        ),
        warning if row else None,
    )


def _sides(story: Part) -> str:
    """Counts the sides of the split by story; a side is its headlines, or says more of itself."""
    counts = []
    for side in ("test", "validation", "train"):
        known = part(story, side).get("headlines", story.get(side))
        if number(known) is not None:
            counts.append(f"{whole(known)} to {PURPOSES[side]}")
    return ", ".join(counts) + "; no story on two sides"


def _split(name: str, figures: Part, note: str) -> Markup:
    return element(
        "tr",
        element("th", name, scope="row"),
        element(
            "td", fraction(number(figures.get("macro_f1"))), class_="number", data_head="macro-F1"
        ),
        element(
            "td", fraction(number(figures.get("accuracy"))), class_="number", data_head="accuracy"
        ),
        element("td", note, data_head="on"),
    )


def conditions(metrics: Part) -> Markup | None:
    """Lists settings, run, versions and baseline as they are."""
    parts = {title: part(metrics, title.lower()) for title in CONDITIONS}
    tables = [
        pairs(title, [(key.replace("_", " "), value) for key, value in known.items()])
        for title, known in parts.items()
        if known
    ]
    if not tables:
        return None
    return section("How it was made", None, element("div", *tables, class_="columns"))
