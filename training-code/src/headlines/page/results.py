"""The sections that say how good the model is."""

from __future__ import annotations

from collections.abc import Sequence

from headlines.page.blocks import section, table
from headlines.page.charts import reliability_diagram, share_bar
from headlines.page.heat import heat_cell
from headlines.page.markup import Markup, element
from headlines.page.values import ABSENT, Part, fraction, items, label_names, number, part, whole


def heading(metrics: Part) -> Markup:
    """Says what was measured, and on how much."""
    settings = part(metrics, "settings")
    scores = [part(score, None) for score in part(metrics, "classes").values()]
    count = int(sum(number(score.get("support")) or 0 for score in scores))
    base = f"Trained from {settings['base_model']}. " if settings.get("base_model") else ""
    on = f"Measured on {count:,} texts that training never saw." if count else ""
    return element(
        "header",
        element("h1", "Evaluation of the classifier"),
        element("p", f"{base}{on}", class_="muted"),
    )


def figures(metrics: Part) -> Markup:
    """Shows the figures that decide, each with the baseline's beside it."""
    baseline = part(metrics, "baseline")
    name = baseline.get("name", "baseline")
    shown = []
    for key, title in (("macro_f1", "Macro-F1"), ("accuracy", "Accuracy")):
        own, other = number(metrics.get(key)), number(baseline.get(key))
        beside = None
        if own is not None and other is not None:
            beside = element("dd", f"{name}: {other:.3f} ({own - other:+.3f})", class_="beside")
        shown.append((title, fraction(own), beside))
    loss = number(metrics.get("loss"))
    hint = element("dd", "cross entropy in nats; lower is better", class_="beside")
    shown.append(("Loss", ABSENT if loss is None else f"{loss:.3f}", hint))
    error = number(metrics.get("expected_calibration_error"))
    if error is not None:
        hint = element("dd", "expected; 0 is perfect", class_="beside")
        shown.append(("Calibration error", f"{error:.3f}", hint))
    items = [
        element("div", element("dt", title), element("dd", value, class_="value"), beside)
        for title, value, beside in shown
    ]
    heading = element("h2", "Figures")
    return element("section", heading, element("dl", *items, class_="figures"), class_="plain")


def classes(metrics: Part) -> Markup | None:
    """Shows precision, recall and F1 by class."""
    given = part(metrics, "classes")
    if not given:
        return None
    rows = []
    for name in label_names(metrics):
        score = part(given, name)
        cells = []
        support = element("small", f"{whole(score.get('support'))} texts")
        for key in ("precision", "recall", "f1"):
            value = number(score.get(key))
            cells.append(
                element("td", fraction(value), share_bar(value) if value is not None else None)
            )
        rows.append(element("tr", element("th", name, support, scope="row"), *cells))
    return section(
        "Classes",
        "Precision: how many of the texts put into a class belong there. Recall: how many of a "
        "class's texts were found. F1 is their harmonic mean.",
        table("Scores by class", ["Class", "Precision", "Recall", "F1"], rows),
    )


def confusion(metrics: Part) -> Markup | None:
    """Shows the confusion matrix as a heat map."""
    counts = part(metrics, "confusion").get("counts")
    labels = label_names(metrics)
    if not isinstance(counts, Sequence) or len(counts) != len(labels):
        return None
    shares = [[cell / (sum(row) or 1) for cell in row] for row in counts]
    wrong = [
        share
        for row, line in enumerate(shares)
        for column, share in enumerate(line)
        if row != column
    ]
    worst = max(wrong, default=0.0) or 1.0
    rows = []
    for index, (name, row) in enumerate(zip(labels, counts, strict=True)):
        cells = [
            heat_cell(count, shares[index][column], index == column, worst)
            for column, count in enumerate(row)
        ]
        rows.append(element("tr", element("th", name, scope="row"), *cells))
    return section(
        "Confusion",
        "A row is the true class, a column the predicted one; the percentage is of the row. Right "
        "answers are blue. Mistakes are orange, the most frequent one strongest.",
        table("True classes by predicted classes", ["True class", *labels], rows, "heat"),
    )


def calibration(metrics: Part) -> Markup | None:
    """Shows whether the model is as sure as it is right."""
    bins = [part(each, None) for each in items(part(metrics, "calibration").get("bins"))]
    filled = [each for each in bins if number(each.get("count"))]
    if not filled:
        return None
    total = sum(each["count"] for each in filled)
    drawn = [
        (float(each["lower"]), float(each["upper"]), float(each["accuracy"]), each["count"] / total)
        for each in filled
    ]
    error = number(metrics.get("expected_calibration_error"))
    found = "" if error is None else f" The expected calibration error is {error:.3f}."
    label = f"Reliability diagram of {len(drawn)} bins of confidence.{found} {_largest_gap(filled)}"
    rows = [
        element(
            "tr",
            element("th", f"{each['lower']:.2f}–{each['upper']:.2f}", scope="row"),
            element("td", whole(each["count"])),
            element("td", fraction(number(each.get("confidence")))),
            element("td", fraction(number(each.get("accuracy")))),
        )
        for each in filled
    ]
    of_bins = table("Bins of confidence", ["Confidence", "Texts", "Mean", "Accuracy"], rows)
    return section(
        "Calibration",
        "When the model is sure to 0.9, is it right in nine cases of ten? A bar below the dashed "
        f"line is overconfident; a faint bar holds few texts.{found}",
        element(
            "div", element("figure", reliability_diagram(drawn, label)), of_bins, class_="pair"
        ),
    )


def _largest_gap(bins: Sequence[Part]) -> str:
    worst = max(bins, key=lambda each: abs(each["confidence"] - each["accuracy"]) * each["count"])
    return (
        f"Between {worst['lower']:.2f} and {worst['upper']:.2f} the mean confidence is "
        f"{worst['confidence']:.3f} and the accuracy {worst['accuracy']:.3f}."
    )
