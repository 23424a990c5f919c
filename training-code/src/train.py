"""Entry point of the training job: `python -u train.py [--hyperparameter value]...`.

Reads the one file of the train channel, fine-tunes the base model, evaluates it on stories that
training never saw, and leaves a model folder that can be served as it is. When it fails, the
reason stands in the failure file of the job and the exit status is 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from headlines.base_model import forbid_network, load_base_model
from headlines.data import LABELS, find_data_file, read_headlines
from headlines.errors import TrainingError
from headlines.layout import Layout
from headlines.settings import Settings, load_settings
from headlines.split import Split, limit, split_by_story

HANDLER = Path(__file__).with_name("inference.py")


def main(arguments: Sequence[str]) -> int:
    """Runs the job and gives its exit status."""
    layout = Layout.from_environment(os.environ)
    try:
        run(layout, load_settings(layout.hyperparameters, arguments))
    except TrainingError as error:
        return fail(layout, str(error))
    except Exception as error:
        traceback.print_exc()
        return fail(layout, f"training broke: {type(error).__name__}: {error}; see the job's log")
    return 0


def run(layout: Layout, settings: Settings) -> None:
    """Trains, evaluates and saves."""
    started = time.monotonic()
    data = find_data_file(layout.train_channel)
    whole = split_by_story(read_headlines(data), settings.test_fraction, settings.seed)
    split = Split(limit(whole.train, settings.max_train_headlines, settings.seed), whole.test)
    print(f"data={data.name} train={len(split.train)} test={len(split.test)}", flush=True)

    # Slow to import, and deaf to these variables once imported.
    forbid_network(settings.base_model)
    share_processors()
    from headlines.report import build_report, metric_lines, save_model, write_report
    from headlines.training import prepare, train

    prepare(settings.seed)
    base = load_base_model(settings, LABELS)
    print(f"base_model={settings.base_model} loaded", flush=True)
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        outcome = train(base, split, settings, scratch)
    save_model(layout.model, outcome.model, base.tokenizer, HANDLER)
    seconds = {"steps": outcome.steps, "seconds": round(time.monotonic() - started, 1)}
    described = {"by": "story", "test_fraction": settings.test_fraction, **split.describe()}
    report = build_report(outcome.evaluation, settings.as_dict(), described, seconds)
    write_report(report, layout.model)
    write_report(report, layout.output_data)
    print("\n".join(metric_lines(outcome.evaluation)), flush=True)


def share_processors() -> None:
    """Lets idle threads of the numeric libraries sleep instead of spin.

    Beside other work on the same processors, spinning made training four times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def fail(layout: Layout, message: str) -> int:
    """Leaves the reason in the failure file and on standard error."""
    layout.write_failure(message)
    print(f"error: {message}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
