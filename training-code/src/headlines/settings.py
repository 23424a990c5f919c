"""Hyperparameters: their names, limits and the three places they come from.

Defaults are overridden by the job's hyperparameter file, and that by the command line, which is
how the training toolkit passes the same values on. An unknown name or a value out of bounds ends
the run before anything slow is imported.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from headlines.errors import TrainingError

# Names the toolkit keeps for itself; they arrive in the same file and are not ours.
RESERVED_PREFIX = "sagemaker_"
RESERVED_NAMES = frozenset({"_tuning_objective_metric", "default_user_module_name"})

MOST_KEPT_AWAY = 0.9


@dataclass(frozen=True)
class Settings:
    """Everything that decides what is trained, apart from the data and the code."""

    base_model: str = "distilbert-base-uncased"
    """A Hub id, a local folder, `minilm-l6` or `tiny-random`."""
    base_model_revision: str = ""
    """Git revision of a Hub model; empty means its main branch."""
    epochs: int = 2
    """Most passes over the training headlines; `patience` may end it before."""
    batch_size: int = 32
    """Headlines a step in each process."""
    learning_rate: float = 5e-5
    """The highest one, for AdamW."""
    warmup_fraction: float = 0.1
    """Share of all steps over which the learning rate rises; it falls linearly after that."""
    weight_decay: float = 0.01
    """AdamW's, for all weights but biases and layer norms."""
    class_weights: str = "none"
    """`none`, or `balanced`: errors on rare classes count more, by one over their share."""
    precision: str = "auto"
    """`fp32`, `bf16` or `fp16`; `auto` is the fastest that the device does well."""
    patience: int = 2
    """Ends training after so many epochs without a better macro-F1 in validation; 0 never does."""
    max_train_seconds: int = 0
    """Ends training after so long, measures, and keeps the best; 0 sets no limit."""
    checkpoint_steps: int = 500
    """Steps between checkpoints; every epoch ends with one too."""
    max_length: int = 64
    """Longest headline in tokens; the rest is cut off, in training and in serving."""
    max_train_headlines: int = 0
    """At most so many headlines are trained on; 0 means all of them."""
    max_dropped_fraction: float = 0.01
    """Share of the rows that may be unusable; more of them end the run."""
    test_fraction: float = 0.2
    """Share of the stories that is kept away from training, to measure on."""
    validation_fraction: float = 0.1
    """Share of the stories that is kept away from training, to choose the best epoch by."""
    time_fraction: float = 0.1
    """Share of the headlines, the newest, that is kept for a second test; 0 makes none."""
    seed: int = 42
    """Decides splits, first weights, order and dropout."""

    def as_dict(self) -> dict[str, str | int | float]:
        """Gives names and values, for the evaluation report."""
        return asdict(self)

    def deciding_steps(self) -> dict[str, str | int | float]:
        """Gives what two runs must share for one to go on where the other ended."""
        free = {"max_train_seconds", "checkpoint_steps"}
        return {name: value for name, value in self.as_dict().items() if name not in free}


def _text(lowest: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if len(value) < lowest or value != value.strip():
            raise ValueError("must be a name without blanks around it")
        return value

    return parse


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not lowest <= number <= highest:
            raise ValueError(f"must be from {lowest} to {highest}")
        return number

    return parse


def _real(lowest: float, highest: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError("must be a number") from None
        if not math.isfinite(number) or not lowest <= number <= highest:
            raise ValueError(f"must be from {lowest:g} to {highest:g}")
        return number

    return parse


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return parse


PARSERS: dict[str, Callable[[str], str | int | float]] = {
    "base_model": _text(1),
    "base_model_revision": _text(0),
    "epochs": _whole(1, 100),
    "batch_size": _whole(1, 1024),
    "learning_rate": _real(1e-8, 0.1),
    "warmup_fraction": _real(0.0, 0.9),
    "weight_decay": _real(0.0, 1.0),
    "class_weights": _one_of("none", "balanced"),
    "precision": _one_of("auto", "fp32", "bf16", "fp16"),
    "patience": _whole(0, 100),
    "max_train_seconds": _whole(0, 28 * 24 * 3600),
    "checkpoint_steps": _whole(1, 1_000_000),
    "max_length": _whole(8, 512),
    "max_train_headlines": _whole(0, 10_000_000),
    "max_dropped_fraction": _real(0.0, 1.0),
    "test_fraction": _real(0.01, 0.8),
    "validation_fraction": _real(0.01, 0.5),
    "time_fraction": _real(0.0, 0.5),
    "seed": _whole(0, 2**32 - 1),
}


def load_settings(file: Path, arguments: Sequence[str]) -> Settings:
    """Merges defaults, the hyperparameter file when there is one, and the command line.

    Raises `TrainingError` naming the hyperparameter and where it came from.
    """
    values: dict[str, str | int | float] = {}
    sources = [("the hyperparameter file", _from_file(file))]
    sources.append(("the command line", _from_arguments(arguments)))
    for source, given in sources:
        for name, text in given.items():
            if name.startswith(RESERVED_PREFIX) or name in RESERVED_NAMES:
                continue
            values[name] = _parse(name, text, source)
    settings = Settings(**values)  # type: ignore[arg-type]
    kept_away = settings.test_fraction + settings.validation_fraction
    if kept_away > MOST_KEPT_AWAY:
        raise TrainingError(
            f"test_fraction and validation_fraction add up to {kept_away:g}",
            f"leave stories to train on: at most {MOST_KEPT_AWAY:g} together",
        )
    return settings


def _parse(name: str, text: str, source: str) -> str | int | float:
    parser = PARSERS.get(name)
    if parser is None:
        close = difflib.get_close_matches(name, PARSERS, n=1)
        known = ", ".join(PARSERS)
        hint = f"did you mean '{close[0]}'?" if close else f"known are {known}"
        raise TrainingError(f"unknown hyperparameter '{name}' in {source}", hint)
    try:
        return parser(text)
    except ValueError as error:
        raise TrainingError(
            f"hyperparameter '{name}' is '{text}' in {source}", f"it {error}"
        ) from None


def _from_file(file: Path) -> dict[str, str]:
    """Reads the flat map; a value may be JSON inside its string, as the Python SDK writes it."""
    if not file.exists():
        return {}
    remedy = "it must hold one JSON object of strings"
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{file} is not JSON: {error}", remedy) from error
    if not isinstance(given, dict):
        raise TrainingError(f"{file} is not a map", remedy)
    return {name: _unquoted(value) for name, value in given.items()}


def _unquoted(value: object) -> str:
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return value
        # Only a quoted string differs from its text; "1e-05" must not become 1e-05 and back.
        return inner if isinstance(inner, str) else value
    return json.dumps(value)


def _from_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Reads `--name value` and `--name=value`; hyphens in a name mean underscores."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        head = rest.pop(0)
        if not head.startswith("--"):
            raise TrainingError(f"unexpected argument '{head}'", "arguments are '--name value'")
        name, equals, value = head[2:].partition("=")
        if not equals:
            if not rest:
                raise TrainingError(f"argument '{head}' has no value", "give it as '--name value'")
            value = rest.pop(0)
        given[name.replace("-", "_")] = value
    return given
