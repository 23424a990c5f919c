"""Entry point of the training job: `python -u train.py [--hyperparameter value]...`.

Reads the one file of the train channel, fine-tunes the base model, evaluates it on stories that
training never saw, and leaves a model folder that can be served as it is. When it fails, the
reason stands in the failure file of the job and the exit status is 1. When the platform stops it
(SIGTERM), it saves a checkpoint and ends with 143; the same command goes on from there, as it does
after a kill. On several hosts or GPUs it starts itself once for each (see `headlines.launch`).
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headlines import baseline, processes
from headlines.base_model import forbid_network, load_base_model
from headlines.data import Format, find_data_file, read_headlines
from headlines.errors import TrainingError
from headlines.launch import Hosts, replace_process
from headlines.layout import Layout
from headlines.preparation import Preparation, prepare
from headlines.processes import say
from headlines.settings import Settings, load_settings
from headlines.split import Fractions, Split, limit, split_by_story

SOURCE = Path(__file__).resolve().parent
# What a shell says of a process that SIGTERM ended.
STOPPED = 128 + signal.SIGTERM


def main(arguments: Sequence[str]) -> int:
    """Runs the job and gives its exit status."""
    layout = Layout.from_environment(os.environ)
    try:
        settings = load_settings(layout.hyperparameters, arguments)
        share_processors()
        replace_process(Hosts.read(layout.resources), Path(__file__), arguments)
        return run(layout, settings)
    except TrainingError as error:
        return fail(layout, str(error))
    except Exception as error:
        traceback.print_exc()
        return fail(layout, f"training broke: {type(error).__name__}: {error}; see the job's log")


def run(layout: Layout, settings: Settings) -> int:
    """Trains, evaluates and saves."""
    started = time.monotonic()
    data = find_data_file(layout.train_channel)
    rows = Format.from_environment(os.environ)
    reading = read_headlines(data, settings.max_dropped_fraction, rows)
    preparation = prepare(reading)
    split = split_headlines(preparation, settings)
    say("\n".join([f"data={data.name}", *preparation.lines(), describe(split)]))

    # Slow to import, and deaf to these variables once imported.
    forbid_network(settings.base_model)
    from headlines import checkpoints, page, report, training
    from headlines.course import Interrupted

    training.prepare(settings.seed)
    base = load_base_model(settings, reading.labels)
    say(f"base_model={settings.base_model} loaded")
    kept = checkpoints.folder_for(layout.checkpoints, settings.deciding_steps(), reading.digest)
    try:
        outcome = training.train(base, split, settings, checkpoints.Checkpoints(kept))
    except Interrupted:
        say("ending=stopped the same job goes on from its last checkpoint")
        return STOPPED
    if not processes.is_first():
        return 0
    baselines = report.Baselines(
        story=baseline.measure_by_story(split),
        rows=baseline.measure_by_rows(
            reading.headlines,
            settings.test_fraction,
            len(split.train),
            settings.seed,
            reading.labels,
        ),
    )
    report.save_model(layout.model, outcome.model, base.tokenizer, SOURCE)
    circumstances = report.Circumstances(
        settings=settings,
        preparation=preparation,
        split=split,
        baselines=baselines,
        seconds=round(time.monotonic() - started, 1),
        device=training.device_name(),
        devices=processes.world_size(),
    )
    metrics = report.build_metrics(outcome, circumstances)
    for folder in (layout.model, layout.output_data):
        report.write_metrics(metrics, folder)
        page.write(metrics, folder)
    say("\n".join(report.metric_lines(outcome, baselines, split.labels)))
    return 0


def split_headlines(preparation: Preparation, settings: Settings) -> Split:
    """Splits by story and by time, and limits what is trained on."""
    fractions = Fractions(
        settings.test_fraction, settings.validation_fraction, settings.time_fraction
    )
    whole = split_by_story(preparation.headlines, fractions, settings.seed, preparation.labels)
    most = settings.max_train_headlines
    return replace(whole, train=limit(whole.train, most, settings.seed))


def describe(split: Split) -> str:
    """Counts the sides in one line."""
    return (
        f"train={len(split.train)} validation={len(split.validation)} test={len(split.test)} "
        f"newest={len(split.newest)} cut={split.cut_text() or 'none'}"
    )


def share_processors() -> None:
    """Sets what the numeric libraries read once, when they are first imported.

    Idle threads sleep instead of spin: beside other work on the same processors, spinning made
    training four times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # cuBLAS computes the same sums in the same order only with this.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def fail(layout: Layout, message: str) -> int:
    """Leaves the reason in the failure file and on standard error."""
    layout.write_failure(message)
    print(f"error: {message}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
