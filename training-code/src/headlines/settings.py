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


@dataclass(frozen=True)
class Settings:
    """Everything that decides what is trained, apart from the data and the code."""

    base_model: str = "distilbert-base-uncased"
    """A Hub id, a local folder, `minilm-l6` or `tiny-random`."""
    base_model_revision: str = ""
    """Git revision of a Hub model; empty means its main branch."""
    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 5e-5
    warmup_fraction: float = 0.1
    """Share of all steps over which the learning rate rises; it falls linearly after that."""
    weight_decay: float = 0.01
    max_length: int = 64
    """Longest headline in tokens; the rest is cut off, in training and in serving."""
    max_train_headlines: int = 0
    """At most so many headlines are trained on; 0 means all of them."""
    test_fraction: float = 0.2
    """Share of the stories that is kept away from training, to evaluate on."""
    seed: int = 42

    def as_dict(self) -> dict[str, str | int | float]:
        """Gives names and values, for the evaluation report."""
        return asdict(self)


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


PARSERS: dict[str, Callable[[str], str | int | float]] = {
    "base_model": _text(1),
    "base_model_revision": _text(0),
    "epochs": _whole(1, 100),
    "batch_size": _whole(1, 1024),
    "learning_rate": _real(1e-8, 0.1),
    "warmup_fraction": _real(0.0, 0.9),
    "weight_decay": _real(0.0, 1.0),
    "max_length": _whole(8, 512),
    "max_train_headlines": _whole(0, 10_000_000),
    "test_fraction": _real(0.01, 0.9),
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
    return Settings(**values)  # type: ignore[arg-type]


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
