import json
from pathlib import Path

import pytest

from headlines.errors import TrainingError
from headlines.layout import FAILURE_LIMIT, Layout
from headlines.settings import Settings, load_settings


def written(folder: Path, values: object) -> Path:
    file = folder / "hyperparameters.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def test_the_command_line_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = written(tmp_path, {"epochs": "3", "batch_size": "8"})
    settings = load_settings(file, ["--epochs", "4", "--learning-rate=1e-4"])
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (4, 8, 1e-4)
    assert settings.seed == Settings().seed


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "absent.json", []) == Settings()


def test_values_may_be_quoted_once_more(tmp_path: Path) -> None:
    file = written(tmp_path, {"base_model": '"minilm-l6"', "learning_rate": '"1e-05"', "seed": 7})
    settings = load_settings(file, [])
    assert (settings.base_model, settings.learning_rate, settings.seed) == ("minilm-l6", 1e-5, 7)


def test_the_toolkits_own_keys_are_passed_over(tmp_path: Path) -> None:
    file = written(tmp_path, {"sagemaker_program": '"train.py"', "default_user_module_name": "x"})
    assert load_settings(file, ["--sagemaker_region", "eu-west-1"]) == Settings()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epoch", "1"], "unknown hyperparameter 'epoch' .*did you mean 'epochs'"),
        (["--zzz", "1"], "unknown hyperparameter 'zzz' .*known are base_model"),
        (["--epochs", "0"], "'epochs' is '0' .*must be from 1 to 100"),
        (["--epochs", "1.5"], "must be a whole number"),
        (["--learning_rate", "nan"], "must be from 1e-08 to 0.1"),
        (["--learning_rate", "fast"], "must be a number"),
        (["--base_model", ""], "must be a name"),
        (["--precision", "int8"], "must be one of auto, fp32, bf16, fp16"),
        (["--test_fraction=0.6", "--validation_fraction=0.5"], "add up to 1.1; leave stories"),
        (["--epochs"], "has no value"),
        (["epochs", "1"], "unexpected argument 'epochs'"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        load_settings(tmp_path / "absent.json", arguments)


def test_a_file_that_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is not a map"):
        load_settings(written(tmp_path, ["epochs"]), [])


def test_the_toolkits_folders_win_over_the_base() -> None:
    layout = Layout.from_environment({"SAGEMAKER_BASE_DIR": "/base", "SM_MODEL_DIR": "/elsewhere"})
    assert layout.model == Path("/elsewhere")
    assert layout.train_channel == Path("/base/input/data/train")
    assert Layout.from_environment({}).failure == Path("/opt/ml/output/failure")


def test_a_failure_is_one_short_line(tmp_path: Path) -> None:
    layout = Layout.from_environment({"SAGEMAKER_BASE_DIR": str(tmp_path)})
    layout.write_failure("two\nlines " + "x" * 2000)
    text = layout.failure.read_text(encoding="utf-8")
    assert text.startswith("two lines x") and len(text) == FAILURE_LIMIT
